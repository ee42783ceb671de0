/** Fails when a package that ships with Gavel has a licence that asks for more than its notice to be kept. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, say } from './run.mjs';

/** SPDX ids of permissive licences. */
const PERMISSIVE = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
];

/** `dictionary-en` is of both. */
const BUNDLED = [...PERMISSIVE, '(MIT AND BSD)'];

/** @typedef {{ dev?: boolean, optional?: boolean, version: string, license?: string }} LockedPackage */
const lock = /** @type {{ packages: Record<string, LockedPackage> }} */ (
  JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'))
);
const shipped = Object.entries(lock.packages).filter(
  ([place, locked]) => place !== '' && locked.dev !== true,
);
const refused = shipped
  .map(([place, locked]) => ({ place, licence: licenceOf(place) ?? locked.license ?? 'none' }))
  .filter(({ licence }) => !PERMISSIVE.includes(licence));
for (const { place, licence } of refused)
  console.error(`${place}: ${licence} is not among the licences accepted`);
const bundled = refusedInBundle();
for (const licence of bundled)
  console.error(`the page of GET /docs: ${licence} is not among the licences accepted`);
say(`${shipped.length} packages ship with Gavel, ${refused.length} under a licence that is not accepted`);
process.exitCode = refused.length + bundled.length === 0 ? 0 : 1;

/**
 * What the package itself says; undefined where it isn't installed here, as it is for another system.
 *
 * @param {string} place
 */
function licenceOf(place) {
  const file = path.join(ROOT, place, 'package.json');
  if (!existsSync(file)) return undefined;
  return /** @type {{ license?: string }} */ (JSON.parse(readFileSync(file, 'utf8'))).license;
}

/**
 * What the page of GET /docs may hold: the packages that @redocly/cli bundles. It lists them by licence, each group
 * under a line of `=`; `format` is the one that says none there, and its package says MIT.
 */
function refusedInBundle() {
  const notices = readFileSync(path.join(ROOT, 'node_modules/@redocly/cli/THIRD_PARTY_NOTICES'), 'utf8');
  const licences = [...notices.matchAll(/^=+\n(.+)\n\nPackages:\n((?: {2}.+\n)+)/gm)].map(
    ([, licence = '', packages = '']) => ({ licence, packages: packages.trim() }),
  );
  if (licences.length === 0) throw new Error('THIRD_PARTY_NOTICES of @redocly/cli can not be read any more');
  return licences
    .filter(({ licence, packages }) => !BUNDLED.includes(licence) && packages !== 'format@0.2.2')
    .map(({ licence, packages }) => `${licence} (${packages})`);
}
