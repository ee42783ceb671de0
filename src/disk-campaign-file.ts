/** A file of campaigns: read whole, written line by line and put in place at the end. */
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

export function readCampaignFile(path: string): string {
  return readFileSync(path, 'utf8');
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
