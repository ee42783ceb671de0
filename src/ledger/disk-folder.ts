/** The folder of the journal: what it holds by which name. */
import fs from 'node:fs';

/** Puts the names in the folder on the medium: a new one survives a power cut only after this. */
export function syncFolder(folder: string): Error | null {
  try {
    const fd = fs.openSync(folder, 'r');
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    return null;
  } catch (error) {
    return asError(error);
  }
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
