/** A file of campaigns: read whole, written line by line and put in place at the end. */
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Without a byte order mark. Throws where it is not UTF-8: half of its names would be wrong. */
export function readCampaignFile(path: string): string {
  const bytes = readFileSync(path);
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
  const file = openSync(unfinished, 'w');
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
