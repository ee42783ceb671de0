/** The Rust programs in native-bench/: built by cargo, where there is one. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT, run } from './run.mjs';

const FOLDER = path.join(ROOT, 'native-bench');

/**
 * Why the programs can't be built here, as a sentence; null where they can.
 *
 * @returns {string | null}
 */
export function findNativeBenchProblem() {
  if (process.platform !== 'linux') return 'The load generator needs Linux, 5.11 or newer.';
  const { status } = spawnSync('cargo', ['--version'], { stdio: 'ignore' });
  if (status === 0) return null;
  return 'The load generator needs cargo: install Rust 1.95 or newer (https://rustup.rs).';
}

/**
 * Builds what is not up to date; cargo tells on standard error what it is doing.
 *
 * @returns {Promise<{ load: string, floor: string }>} the programs' paths
 */
export async function buildNativeBench() {
  const code = await run(['cargo', 'build', '--release', '--locked', '--manifest-path', manifest()]);
  if (code !== 0) throw new Error(`cargo build failed (exit code ${code})`);
  const folder = path.join(FOLDER, 'target/release');
  return { load: path.join(folder, 'load'), floor: path.join(folder, 'floor') };
}

function manifest() {
  return path.join(FOLDER, 'Cargo.toml');
}
