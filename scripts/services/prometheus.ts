/** Prometheus, which scrapes a Gavel on its usual port. */
import { fileURLToPath } from 'node:url';

import type { Service } from './catalog.ts';
import { programPath } from './program.ts';

const PROMETHEUS = { name: 'prometheus', debian: 'prometheus' };
const SETTINGS_FILE = fileURLToPath(new URL('prometheus.yml', import.meta.url));
const PROBE_LIMIT_MS = 2_000;

export const prometheus: Service = {
  endpoint: 'PROMETHEUS_URL',
  needs: [],
  processes: ['prometheus'],
  ports: ['prometheus'],
  programs: () => [PROMETHEUS],
  readyWithinMs: 30_000,
  url: (portOf) => `http://127.0.0.1:${String(portOf('prometheus'))}`,
  probe: async (url) => {
    const response = await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(PROBE_LIMIT_MS) });
    await response.text();
    if (!response.ok) throw new Error(`Prometheus answered ${String(response.status)}`);
  },
  start: async (workshop) => {
    if (workshop.isRunning('prometheus')) return;
    const folder = workshop.dataFolder('prometheus');
    await workshop.launch('prometheus', {
      program: programPath(PROMETHEUS),
      args: [
        `--config.file=${SETTINGS_FILE}`,
        `--storage.tsdb.path=${folder}`,
        `--web.listen-address=127.0.0.1:${String(workshop.portOf('prometheus'))}`,
      ],
      cwd: folder,
    });
  },
};
