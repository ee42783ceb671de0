/** Files of campaigns as they come to stand on disk. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createCampaignFile, readCampaignFile } from './disk-campaign-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-campaign-file-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

it('a file has all of its lines, and its name only when it is finished', () => {
  const path = join(folder, 'campaigns.jsonl');
  const file = createCampaignFile(path);
  file.write('{"name":"ä"}');
  file.write('{}');
  expect(readdirSync(folder)).toEqual(['campaigns.jsonl.unfinished']);
  file.finish();
  expect(readdirSync(folder)).toEqual(['campaigns.jsonl']);
  expect(readCampaignFile(path)).toBe('{"name":"ä"}\n{}\n');
});

it('a file that can not be put in place says why, and leaves nothing behind', () => {
  const path = join(folder, 'taken');
  mkdirSync(path);
  const file = createCampaignFile(path);
  expect(() => {
    file.finish();
  }).toThrow('EISDIR');
  file.discard();
  expect(readdirSync(folder)).toEqual(['taken']);
});

it('a file that is not there, or whose folder is not, is told in a sentence', () => {
  const path = join(folder, 'no', 'such.jsonl');
  expect(() => readCampaignFile(path)).toThrow(`${path} can not be read: there is no such file or folder`);
  expect(() => createCampaignFile(path)).toThrow(`${path} can not be written: there is no such file`);
  expect(() => readCampaignFile(folder)).toThrow(`${folder} can not be read: it is a folder`);
});

it('a file is read without its byte order mark, and refused where it is not UTF-8', () => {
  const path = join(folder, 'campaigns.csv');
  writeFileSync(path, '\uFEFFname;Frühling');
  expect(readCampaignFile(path)).toBe('name;Frühling');
  writeFileSync(path, Buffer.from('name;Frühling', 'latin1'));
  expect(() => readCampaignFile(path)).toThrow('is not UTF-8: save it as UTF-8');
});
