/** A file of campaigns: read whole, written line by line and put in place at the end. */
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Without a byte order mark. Throws one sentence; also where it is not UTF-8: half of its names would be wrong. */
export function readCampaignFile(path: string): string {
  const bytes = told(path, 'read', () => readFileSync(path));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${path} is not UTF-8: save it as UTF-8 (in Excel "CSV UTF-8")`);
  }
}

export interface CampaignFile {
  write(line: string): void;
  /** The lines stand under the file's name. */
  finish(): void;
  /** As if nothing was written. */
  discard(): void;
}

export function createCampaignFile(path: string): CampaignFile {
  const unfinished = `${path}.unfinished`;
  const file = told(path, 'written', () => openSync(unfinished, 'w'));
  return {
    // A full disk may take half a line: this one writes on until it is all there, or throws.
    write: (line) => {
      writeFileSync(file, `${line}\n`);
    },
    finish() {
      renameSync(unfinished, path);
      closeSync(file);
    },
    discard() {
      closeSync(file);
      rmSync(unfinished);
    },
  };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
};

function told<T>(path: string, done: 'read' | 'written', act: () => T): T {
  try {
    return act();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
    throw new Error(`${path} can not be ${done}: ${reason}`, { cause: error });
  }
}
