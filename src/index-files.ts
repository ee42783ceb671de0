/** The index that the last server left on disk: its last base, and what changed since. */
import { readIndexFile, type KeptFacts } from './targeting/disk-index-file.ts';
import type { CompiledTier } from './targeting/index-writer.ts';
import type { Priors } from './targeting/rank.ts';

export interface KeptIndex {
  readonly base: CompiledTier;
  /** null: nothing that is known of. */
  readonly changes: CompiledTier | null;
  /** Of the one that was saved last. */
  readonly facts: KeptFacts;
}

/** What the file must be of. */
export interface KeptTerms {
  readonly database: string;
  readonly priors: Priors;
  /** null: whichever build of the program compiled it. */
  readonly program: string | null;
}

export function basePath(folder: string): string {
  return `${folder}/base`;
}

export function changesPath(folder: string): string {
  return `${folder}/changes`;
}

/** null: there is none to start with; `onRefused` is told why where there are files. */
export function readKeptIndex(
  folder: string,
  terms: KeptTerms,
  onRefused: (reason: string) => void,
): KeptIndex | null {
  const base = readTier(basePath(folder), terms, onRefused);
  if (base === null) return null;
  const changes = readTier(changesPath(folder), terms, onRefused);
  // One over another base is older than this base, or newer than the base that was to be saved when the server ended.
  if (changes?.facts.over !== base.facts.id || changes.facts.version <= base.facts.version)
    return { base: base.tier, changes: null, facts: base.facts };
  const changed = new Set(changes.facts.changed);
  const unsound = [...base.facts.unsound.filter(({ id }) => !changed.has(id)), ...changes.facts.unsound];
  return { base: base.tier, changes: changes.tier, facts: { ...changes.facts, unsound } };
}

function readTier(
  path: string,
  terms: KeptTerms,
  onRefused: (reason: string) => void,
): { readonly tier: CompiledTier; readonly facts: KeptFacts } | null {
  const read = readIndexFile(path);
  if (read.kind === 'missing') return null;
  const reason = read.kind === 'refused' ? read.reason : findFault(read.facts, terms);
  if (read.kind === 'refused' || reason !== null) {
    onRefused(`${path}: ${reason ?? ''}`);
    return null;
  }
  const { facts, snapshot } = read;
  return { tier: { snapshot, version: facts.version, changed: facts.changed }, facts };
}

function findFault({ database, priors, program }: KeptFacts, terms: KeptTerms): string | null {
  if (database !== terms.database) return 'it is of another database';
  if (priors.ctr !== terms.priors.ctr || priors.cvr !== terms.priors.cvr)
    return 'it was made with other priors';
  if (terms.program !== null && program !== terms.program) return 'another build of the program made it';
  return null;
}
