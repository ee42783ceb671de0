/** The types of the HTTP contract, made from the OpenAPI document. */
import path from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';
import { ROOT } from './run.mjs';

export const CLIENT_TYPES = path.join(ROOT, 'clients/gavel.d.ts');

const HEAD =
  '/** Types of Gavel’s HTTP contract, made from its OpenAPI document by `npm run clients`. */\n\n';

/** @param {object} document */
export async function clientTypes(document) {
  const tree = await openapiTS(/** @type {import('openapi-typescript').OpenAPI3} */ (document), {
    // What a schema has a default for may be left out when it is sent.
    defaultNonNullable: false,
    silent: true,
  });
  return HEAD + astToString(tree);
}
