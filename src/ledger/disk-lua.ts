/** The ledger's scripts, as they stand beside this file. */
import fs from 'node:fs';

/** With what stands before each of its kind. */
export function readScript(verb: string, prelude: 'shared' | 'userRecord' = 'shared'): string {
  return `${readLua(prelude)}\n${readLua(verb)}`;
}

function readLua(name: string): string {
  return fs.readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
}
