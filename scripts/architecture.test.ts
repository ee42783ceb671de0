/** The architecture rules, each shown a file that breaks it: a rule that reports nothing then is no rule. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from './run.mjs';

/** file, what it imports, the rule that must report it */
const BREACHES = [
  ['src/money.ts', "import '../src/openrtb/codes.ts'", 'room-money'],
  ['src/openrtb/a.ts', "import '../auction/sound.ts'", 'room-openrtb'],
  ['src/campaigns/a.ts', "import '../targeting/sound.ts'", 'room-campaigns'],
  ['src/targeting/a.ts', "import '../auction/sound.ts'", 'room-targeting'],
  ['src/auction/a.ts', "import '../ledger/sound.ts'", 'room-auction'],
  ['src/auction/b.ts', "import type { x } from '../server/sound.ts'", 'room-auction'],
  ['src/ledger/a.ts', "import '../auction/sound.ts'", 'room-ledger'],
  ['src/ledger/b.ts', "import { x } from '../campaigns/sound.ts'", 'room-ledger-types'],
  ['src/events/a.ts', "import '../openrtb/sound.ts'", 'room-events'],
  ['src/events/b.ts', "import { x } from '../ledger/sound.ts'", 'room-events-types'],
  ['src/analytics/a.ts', "import '../events/sound.ts'", 'room-analytics'],
  ['src/database/a.ts', "import '../campaigns/sound.ts'", 'room-database'],
  ['src/config.ts', "import 'zod'; import './money.ts'", 'room-config'],
  ['src/config-readers.ts', "import { x } from './events/spool.ts'", 'room-config-types'],
  ['src/server/a.ts', "import '../campaigns/postgres-sound.ts'", 'room-server'],
  ['src/server/b.ts', "import type { x } from '../main.ts'", 'only-main-wires'],
  ['src/auction/piscina-a.ts', "import '../config.ts'", 'only-main-wires'],
  ['src/campaigns/b.ts', "import '../database/postgres-sound.ts'", 'database-by-doors'],
  ['src/targeting/b.ts', "import '../campaigns/lists.ts'", 'lists-at-the-edge'],
  ['src/auction/c.ts', "import 'bowser'", 'pure'],
  ['src/auction/d.ts', "import 'node:fs'", 'pure'],
  ['src/database/b.ts', "import 'node:path'", 'pure'],
  ['src/server/c.ts', "import 'uWebSockets.js'", 'door-uws'],
  ['src/server/d.ts', "import 'piscina'", 'door-piscina'],
  ['src/server/e.ts', "import type pg from 'pg'", 'door-postgres'],
  ['src/server/f.ts', "import 'postgrator'", 'door-postgres'],
  ['src/server/i.ts', "import '@iabtcf/core'", 'door-consent'],
  ['src/server/j.ts', "import 'bowser'", 'door-agent'],
  ['src/server/r.ts', "import 'mmdb-lib'", 'door-geo'],
  ['src/server/u.ts', "import 'iso-3166'", 'door-iso'],
  ['src/server/s.ts', "import 'ioredis'", 'door-redis'],
  ['src/server/t.ts', "import 'kafkajs'", 'door-kafka'],
  ['src/server/v.ts', "import 'csv-parse'", 'door-csv'],
  ['src/server/w.ts', "import 'lmdb'", 'door-lmdb'],
  ['src/server/x.ts', "import 'msgpackr'", 'door-msgpack'],
  ['src/server/k.ts', "import 'zod'", 'door-zod'],
  ['src/server/l.ts', "import 'prom-client'", 'door-prom-client'],
  ['src/server/m.ts', "import 'pino'", 'door-pino'],
  ['src/server/n.ts', "import 'node:worker_threads'", 'door-worker-threads'],
  ['src/server/uws-a.ts', "import 'node:fs'", 'door-uws-leads-elsewhere'],
  ['src/auction/piscina-b.ts', "import 'node:fs'", 'door-piscina-leads-elsewhere'],
  ['src/database/postgres-a.ts', "import 'bowser'", 'door-postgres-leads-elsewhere'],
  ['src/ledger/disk-a.ts', "import 'node:net'", 'door-disk-leads-elsewhere'],
  ['src/auction/crypto-a.ts', "import 'node:fs'", 'door-crypto-leads-elsewhere'],
  ['src/openrtb/consent-a.ts', "import 'node:crypto'", 'door-consent-leads-elsewhere'],
  ['src/openrtb/agent-a.ts', "import 'node:os'", 'door-agent-leads-elsewhere'],
  ['src/openrtb/geo-a.ts', "import 'node:os'", 'door-geo-leads-elsewhere'],
  ['src/campaigns/iso-a.ts', "import 'node:fs'", 'door-iso-leads-elsewhere'],
  ['src/database/redis-a.ts', "import 'node:fs'", 'door-redis-leads-elsewhere'],
  ['src/events/kafka-a.ts', "import 'node:fs'", 'door-kafka-leads-elsewhere'],
  ['src/campaigns/csv-a.ts', "import 'node:fs'", 'door-csv-leads-elsewhere'],
  ['src/events/thread-a.ts', "import 'node:fs'", 'door-thread-leads-elsewhere'],
  ['src/events/lmdb-a.ts', "import 'node:net'", 'door-lmdb-leads-elsewhere'],
  ['src/events/msgpack-a.ts', "import 'node:fs'", 'door-msgpack-leads-elsewhere'],
  ['src/auction/e.ts', "import './e2.ts'", 'no-cycles'],
  ['src/auction/g.ts', "import './nowhere.ts'", 'no-unknown'],
  ['src/server/o.ts', "import './sound.test.ts'", 'no-tools-in-production'],
  ['src/server/q.ts', "import '../fixtures/sound.ts'", 'no-tools-in-production'],
  ['src/welcome.ts', "import 'node:os'", 'pure'],
  ['src/server/p.ts', "import 'fast-check'", 'no-dev-dependency'],
] as const;

const SOUND = [
  [
    'src/main.ts',
    "import './config.ts'; import './metrics.ts'; import 'pino'; import './server/uws-sound.ts'",
  ],
  ['src/metrics.ts', "import 'prom-client'; import './server/sound.ts'"],
  [
    'src/serve.ts',
    "import './config.ts'; import './database/postgres-sound.ts'; import './server/uws-sound.ts'",
  ],
  ['src/openrtb/codes.ts', 'export {}'],
  ['src/openrtb/sound.ts', "import '../money.ts'"],
  ['src/openrtb/consent-sound.ts', "import '@iabtcf/core'; import '@iabgpp/cmpapi'"],
  ['src/campaigns/sound.ts', "import '../money.ts'; import '../openrtb/codes.ts'; export const x = 1"],
  ['src/campaigns/iso-sound.ts', "import 'iso-3166'"],
  ['src/campaigns/lists.ts', "import './iso-sound.ts'"],
  ['src/campaigns/postgres-sound.ts', "import '../database/postgres-sound.ts'; import './sound.ts'"],
  ['src/targeting/sound.ts', "import '../campaigns/sound.ts'"],
  ['src/auction/sound.ts', "import '../targeting/sound.ts'; import '../openrtb/sound.ts'"],
  ['src/auction/piscina-sound.ts', "import 'piscina'; import 'node:worker_threads'"],
  ['src/ledger/sound.ts', "import type { x } from '../campaigns/sound.ts'; export { x }"],
  ['src/ledger/disk-sound.ts', "import 'node:fs'"],
  ['src/events/sound.ts', "import '../openrtb/codes.ts'; import type { x } from '../ledger/sound.ts'"],
  ['src/events/spool.ts', 'export const x = 1'],
  ['src/database/postgres-sound.ts', "import 'node:child_process'; import 'pg'; import 'postgrator'"],
  ['src/server/sound.ts', "import '../auction/sound.ts'; export const x = 1"],
  ['src/server/uws-sound.ts', "import 'uWebSockets.js'; import 'node:zlib'"],
  ['src/fixtures/sound.ts', "import 'node:child_process'; import '../database/postgres-sound.ts'"],
  ['src/server/sound.test.ts', "import 'fast-check'; import 'pg'; import 'node:fs'"],
] as const;

/** A cycle is reported at the first of its files. */
const OTHER_HALF_OF_A_CYCLE = ['src/auction/e2.ts', "import './e.ts'"] as const;

interface Cruise {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

let project = '';
let violations: Cruise['summary']['violations'] = [];

beforeAll(() => {
  // Inside the project, so that its packages resolve.
  mkdirSync(path.join(ROOT, '.cache'), { recursive: true });
  project = mkdtempSync(path.join(ROOT, '.cache/architecture-'));
  for (const [file, content] of [...SOUND, ...BREACHES, OTHER_HALF_OF_A_CYCLE]) {
    mkdirSync(path.dirname(path.join(project, file)), { recursive: true });
    writeFileSync(path.join(project, file), content);
  }
  for (const file of ['package.json', 'tsconfig.json']) {
    writeFileSync(path.join(project, file), file === 'package.json' ? packageJson() : '{}');
  }
  violations = cruise(project).summary.violations;
});

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

describe('the architecture rules', () => {
  test.each(BREACHES)('report %s for “%s” under %s', (file, _content, rule) => {
    expect(violations.filter(({ from }) => from === file).map((violation) => violation.rule.name)).toContain(
      rule,
    );
  });

  test.each(SOUND)('let %s pass', (file) => {
    expect(violations.filter(({ from }) => from === file)).toEqual([]);
  });

  test('are all shown a breach', () => {
    const rules = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
      forbidden: { name: string }[];
    };
    const shown = new Set<string>(BREACHES.map(([, , rule]) => rule));
    const unshown = rules.forbidden.map(({ name }) => name).filter((name) => !shown.has(name));
    expect(unshown).toEqual([]);
  });
});

function packageJson(): string {
  const all = createRequire(import.meta.url)('../package.json') as Record<string, unknown>;
  return JSON.stringify({
    type: 'module',
    dependencies: all.dependencies,
    devDependencies: all.devDependencies,
  });
}

/** dependency-cruiser exits with the number of errors that it reports. */
function cruise(folder: string): Cruise {
  const tool = path.join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const options = ['src', '--config', path.join(ROOT, '.dependency-cruiser.cjs'), '--output-type', 'json'];
  const report = execFileSync(process.execPath, [tool, ...options], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(report) as Cruise;
}
