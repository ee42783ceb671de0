/** The Rust programs in native-bench/: built by cargo, where there is one. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT, run } from './run.mjs';

const FOLDER = path.join(ROOT, 'native-bench');
export const NO_CARGO =
  'cargo is not installed: install Rust 1.85 or newer (https://rustup.rs) for the load generator';

/** Whether there is a cargo on the PATH. */
export function hasCargo() {
  return spawnSync('cargo', ['--version'], { stdio: 'ignore' }).status === 0;
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
