/** The OpenAPI document to tools: sound to a linter, and the client types that are made of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeDocument } from '../src/server/openapi/document.ts';
import { clientTypes, CLIENT_TYPES } from './client-declarations.mjs';
import { redocly } from './docs-page.mjs';

const document = composeDocument('https://ads.example');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-openapi-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('has the version of the package', () => {
  const file = fileURLToPath(new URL('../package.json', import.meta.url));
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  expect(document.info).toMatchObject({ version });
});

it('has nothing that redocly lint finds fault with, its examples among it', () => {
  const file = join(folder, 'openapi.json');
  writeFileSync(file, JSON.stringify(document));
  // What it only warns of is counted at the end.
  expect(redocly(['lint', file, '--config', 'redocly.yaml'])).not.toMatch(/You have \d+ warning/);
});

describe('the client types', () => {
  it('are those of the document: npm run clients writes them', async () => {
    expect(readFileSync(CLIENT_TYPES, 'utf8')).toBe(await clientTypes(composeDocument('/')));
  });

  it('are what the client of docs/api.md compiles with', () => {
    expect(faultsOf(readExample())).toEqual([]);
  });

  it('refuse a campaign that lacks its budget', () => {
    const faults = faultsOf(readExample().replace('  dailyBudget: 500,\n', ''));
    expect(faults).toEqual([expect.stringContaining("'dailyBudget' is missing")]);
  });
});

function readExample(): string {
  const page = readFileSync(fileURLToPath(new URL('../docs/api.md', import.meta.url)), 'utf8');
  return /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
}

function faultsOf(source: string): string[] {
  const file = join(folder, 'client.ts');
  writeFileSync(file, source);
  writeFileSync(join(folder, 'gavel.d.ts'), readFileSync(CLIENT_TYPES));
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    types: [],
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}
