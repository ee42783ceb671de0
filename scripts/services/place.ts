/** Where services are kept, and what decides how they are had. */
import { join } from 'node:path';

import { ROOT } from '../run.mjs';
import { findDocker, type Docker } from './compose.ts';
import type { Environment } from './environment.ts';
import { sayOnStderr, type Say } from './words.ts';

export interface Place {
  /** State, data, logs and downloads. */
  readonly folder: string;
  readonly environment: Environment;
  readonly docker: () => Docker | null;
  readonly say: Say;
}

/** The project's own. */
export function projectPlace(): Place {
  const folder = join(ROOT, '.services');
  return { folder, environment: process.env, docker: findDocker, say: sayOnStderr };
}
