/**
 * The page of GET /docs: the OpenAPI document made readable by Redoc, whole in one file that loads nothing from
 * elsewhere, with the notices of what it is made of beside it.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './run.mjs';

const REDOCLY = path.join(ROOT, 'node_modules/@redocly/cli');
const FOLDER = 'server/openapi';
/** Of the bundle of packages that @redocly/cli is; Redoc is one of them. */
const NOTICES = ['LICENSE', 'THIRD_PARTY_NOTICES'];
/** A picture that Redoc loads from its makers: nobody is to be told who reads this page. */
const LOGO = /https:\/\/cdn\.redoc\.ly\/[\w/.-]+/g;
const CREDIT = /API docs by(?! Redocly)/g;

/**
 * Takes the page of `previous` where it is of the same document.
 *
 * @param {string} dist
 * @param {string} previous
 */
export async function buildDocsPage(dist, previous) {
  const composeDocument = await loadComposer(dist);
  const version = /** @type {{ version: string }} */ (
    JSON.parse(readFileSync(path.join(REDOCLY, 'package.json'), 'utf8'))
  ).version;
  // The page is served by the server it describes.
  const stamp = `${version}\n${JSON.stringify(composeDocument('/'))}`;
  const at = (/** @type {string} */ folder, /** @type {string} */ name) => path.join(folder, FOLDER, name);
  writeFileSync(at(dist, 'docs.stamp'), stamp);
  for (const name of NOTICES) copyFileSync(path.join(REDOCLY, name), at(dist, `docs.${name}`));
  const old = at(previous, 'docs.stamp');
  if (existsSync(old) && readFileSync(old, 'utf8') === stamp && existsSync(at(previous, 'docs.html'))) {
    copyFileSync(at(previous, 'docs.html'), at(dist, 'docs.html'));
  } else {
    writeFileSync(at(dist, 'docs.html'), renderPage(stamp.slice(version.length + 1)));
  }
}

/**
 * The function that makes the document, as it was built.
 *
 * @param {string} dist
 * @returns {Promise<(serverUrl: string) => object>}
 */
export async function loadComposer(dist) {
  const built = await import(pathToFileURL(path.join(dist, FOLDER, 'document.js')).href);
  return /** @type {{ composeDocument: (serverUrl: string) => object }} */ (built).composeDocument;
}

/** @param {string} document */
function renderPage(document) {
  const folder = mkdtempSync(path.join(tmpdir(), 'gavel-docs-'));
  try {
    const source = path.join(folder, 'openapi.json');
    const target = path.join(folder, 'docs.html');
    writeFileSync(source, document);
    redocly(['build-docs', source, '--inlineBundle', '--output', target]);
    return readFileSync(target, 'utf8').replace(LOGO, 'data:,').replace(CREDIT, 'API docs by Redocly');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs the command line of @redocly/cli, which is told to call nobody. Returns what it has written.
 *
 * @param {readonly string[]} args
 */
export function redocly(args) {
  const cli = path.join(REDOCLY, 'bin/cli.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  });
  const output = `${stdout}${stderr}`;
  if (status !== 0) throw new Error(`redocly ${args[0]} failed:\n${output}`);
  return output;
}
