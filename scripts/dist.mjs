/**
 * Compiles src/ into dist/, and does nothing where dist/ is already made of these very sources. The new tree is
 * put in place whole, so that neither a failed build nor a second one beside it leaves half of anything.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { buildDocsPage } from './docs-page.mjs';
import { ROOT, run, say } from './run.mjs';

const DIST = path.join(ROOT, 'dist');
/** Holds the hash of everything that dist/ was made from. */
const STAMP = 'sources.sha256';
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

/**
 * @param {{ check: boolean }} how `check` false: translates what does not type-check as well, for tests of one
 *   room while another is being worked on
 */
export async function buildDist({ check }) {
  const sources = sourceFiles();
  const hash = hashOf(sources);
  if (hashOfDist() === hash) return;
  say('building dist/ from src/, which takes half a minute or more');
  const startedAt = Date.now();
  const fresh = path.join(ROOT, `dist.${process.pid}`);
  try {
    await compile(fresh, check);
    for (const file of sources.filter(isAsset)) {
      const target = path.join(fresh, path.relative('src', file));
      mkdirSync(path.dirname(target), { recursive: true });
      cpSync(path.join(ROOT, file), target);
    }
    await buildDocsPage(fresh, DIST);
    writeFileSync(path.join(fresh, STAMP), hash);
    putInPlace(fresh);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  say(`built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

/**
 * @param {string} outDir
 * @param {boolean} check
 */
async function compile(outDir, check) {
  const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = ['-p', 'tsconfig.build.json', '--outDir', outDir, check ? '--noEmitOnError' : '--noCheck'];
  const code = await run([process.execPath, compiler, ...options]);
  if (code !== 0) throw new Error('the build failed: see the errors above');
}

/** @param {string} fresh */
function putInPlace(fresh) {
  const old = `${fresh}.old`;
  if (existsSync(DIST)) renameSync(DIST, old);
  renameSync(fresh, DIST);
  rmSync(old, { recursive: true, force: true });
}

/** What dist/ is made from, relative to ROOT, in a fixed order. */
function sourceFiles() {
  return readdirSync(path.join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** Read at run time as it is. @param {string} file */
function isAsset(file) {
  return !file.endsWith('.ts');
}

/** @param {readonly string[]} sources */
function hashOf(sources) {
  const hash = createHash('sha256');
  for (const file of [...SETTINGS, ...sources]) {
    const content = readFileSync(path.join(ROOT, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function hashOfDist() {
  const stamp = path.join(DIST, STAMP);
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
}
