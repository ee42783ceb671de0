/** Brings node_modules/ to what package-lock.json says, and does nothing where it already is. */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, run, say } from './run.mjs';

/** npm says nothing for minutes on a slow line; after this long without a word people think that it hangs. */
const HEARTBEAT_MS = 5_000;

/** Resolves once everything is installed; rejects where npm fails. */
export async function install() {
  if (isInstalled()) return;
  refuseLink();
  say('installing the packages that package-lock.json names (npm ci)');
  const startedAt = Date.now();
  const heartbeat = setInterval(() => {
    say(`still installing, ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }, HEARTBEAT_MS);
  try {
    const code = await run(
      [...npm(), 'ci', '--include=dev', '--no-progress', '--no-fund', '--no-audit'],
      npmEnvironment(),
    );
    if (code !== 0) throw new Error(`npm ci failed (exit code ${code})`);
  } finally {
    clearInterval(heartbeat);
  }
  say(`installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

/** npm ci would empty the folder that a link leads to, which may be another checkout's. */
function refuseLink() {
  const folder = path.join(ROOT, 'node_modules');
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  throw new Error(
    'node_modules is a symbolic link to packages that are not those of package-lock.json: remove the link, and they are installed here',
  );
}

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [optional]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 */

/**
 * Compares package-lock.json with the lockfile that npm writes into node_modules as the last act of an install,
 * so an install that was interrupted, or was made for another lockfile or another machine, is seen.
 */
function isInstalled() {
  const wanted = lockedPackages('package-lock.json');
  const found = lockedPackages('node_modules/.package-lock.json');
  for (const [place, locked] of Object.entries(wanted)) {
    if (place === '') continue;
    const present = found[place];
    if (present === undefined) {
      if (locked.optional === true && !isForThisMachine(locked)) continue;
      return false;
    }
    if (present.version !== locked.version || present.integrity !== locked.integrity) return false;
  }
  return Object.keys(found).every((place) => place in wanted);
}

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage>}
 */
function lockedPackages(file) {
  const where = path.join(ROOT, file);
  if (!existsSync(where)) return {};
  const lock = /** @type {{ packages: Record<string, LockedPackage> }} */ (
    JSON.parse(readFileSync(where, 'utf8'))
  );
  return lock.packages;
}

/**
 * An optional package that names no system is one that npm may leave out wherever it likes.
 *
 * @param {LockedPackage} locked
 */
function isForThisMachine({ os, cpu, libc }) {
  return (
    (os?.includes(process.platform) ?? false) &&
    (cpu?.includes(process.arch) ?? false) &&
    (libc?.includes('glibc') ?? true)
  );
}

/** The npm that runs this script, or the one on the PATH. */
function npm() {
  const running = process.env.npm_execpath ?? '';
  return path.basename(running) === 'npm-cli.js' ? [process.execPath, running] : ['npm'];
}

/** Without `--prefix` and the like of the outer npm, which may be relative to another folder. */
function npmEnvironment() {
  const { npm_config_prefix, npm_config_local_prefix, npm_config_global, ...environment } = process.env;
  return environment;
}
