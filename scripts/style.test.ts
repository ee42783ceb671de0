/** The house's style, as far as a machine can tell. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './run.mjs';

/** Names that say nothing about what is inside. */
const NOT_A_NOUN_OF_THE_TRADE =
  /(^|[-/])(utils?|helpers?|common|types|index|misc|shared)(\.test)?\.(ts|mjs)$/;
/** Spelled in two halves, as this file is searched too. */
const LEFT_FOR_LATER = new RegExp(['TO' + 'DO', 'FIX' + 'ME'].map((word) => `\\b${word}\\b`).join('|'));
const TURNED_OFF = /\b(describe|test|it)(\.\w+)*\.(skip|only|todo|skipIf|runIf|fails)\b/;
const SILENCED = new RegExp(
  ['eslint-' + 'disable', '@ts-' + 'ignore', '@ts-' + 'nocheck', '@ts-' + 'expect-error'].join('|'),
);

const files = ['src', 'scripts'].flatMap((folder) =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs)$/.test(name))
    .map((name) => path.posix.join(folder, name)),
);
const contents = new Map(files.map((file) => [file, readFileSync(path.join(ROOT, file), 'utf8')]));

describe('the style of the house', () => {
  test('names every file after what is in it', () => {
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((file) => NOT_A_NOUN_OF_THE_TRADE.test(file))).toEqual([]);
  });

  test('starts every file, tests aside, with what it is', () => {
    const silent = files.filter(
      (file) => !file.endsWith('.test.ts') && !/^(#!.*\n)?\/\*\*/.test(textOf(file)),
    );
    expect(silent).toEqual([]);
  });

  test('leaves nothing for later in a comment', () => {
    expect(filesWith(LEFT_FOR_LATER)).toEqual([]);
  });

  test('turns no test and no check off', () => {
    expect(filesWith(TURNED_OFF)).toEqual([]);
    expect(filesWith(SILENCED)).toEqual([]);
  });
});

function textOf(file: string): string {
  return contents.get(file) ?? '';
}

function filesWith(pattern: RegExp): string[] {
  return files.filter((file) => pattern.test(textOf(file)));
}
