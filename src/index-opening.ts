/** The index that a server starts with: the one that the last server left on disk, or one compiled anew. */
import type { UnsoundCampaign } from './campaigns/soundness.ts';
import type { KeptIndex } from './index-files.ts';
import { LeftOutCampaigns } from './left-out-campaigns.ts';
import type { Log } from './server/http.ts';
import { NO_COUNTS, type AdCounts } from './targeting/ad-counts.ts';
import type { KeptFacts } from './targeting/disk-index-file.ts';
import { IndexWriter, type CompiledTier } from './targeting/index-writer.ts';
import type { Compiled, CompileOrder, IndexCompiler } from './targeting/piscina-compiler.ts';

/** What compiling asks for. */
export interface CompilingEdges {
  readonly compiler: IndexCompiler;
  readonly databaseUrl: string;
  readonly priors: { readonly ctr: number; readonly cvr: number };
  readonly clock: () => number;
  readonly log: Log;
}

/** What starting from disk asks for besides. */
interface KeptEdges {
  /** null: there is none that may be trusted. */
  readonly kept: KeptIndex | null;
  /** Why Postgres is not there; null: it is. */
  readonly absence: Error | null;
  /** The database was once where the index is. */
  readonly isOfPast: (facts: KeptFacts) => Promise<boolean>;
  /** What campaigns that are compiled anew are ranked by. */
  readonly readCounts: () => Promise<AdCounts>;
}

export interface FirstIndex {
  readonly writer: IndexWriter;
  readonly leftOut: LeftOutCampaigns;
  /** Where Postgres was in its history when it was read. */
  readonly mark: string;
  /** Of the index on disk that it is; null: it was compiled from Postgres. */
  readonly kept: KeptFacts | null;
}

const FIRST_EPOCH = 1;

/** Rejects with a sentence when there is neither an index on disk nor one to be had from Postgres. */
export async function openFirst(
  edges: CompilingEdges,
  { kept, absence, isOfPast, readCounts }: KeptEdges,
): Promise<FirstIndex> {
  const { log } = edges;
  if (absence !== null) {
    if (kept === null) throw absence;
    const { version, savedAtMs } = kept.facts;
    const savedAt = new Date(savedAtMs).toISOString();
    log.warn({ err: absence, version, savedAt }, 'Postgres is away: the index on disk is served');
    return openKept(edges, kept);
  }
  if (kept === null) return compileFirst(edges, readCounts);
  if (await isOfPast(kept.facts)) {
    log.info({ version: kept.facts.version }, 'the index on disk is taken over');
    return openKept(edges, kept);
  }
  log.warn(
    { version: kept.facts.version },
    'the index on disk is not used: Postgres was set back since it was made',
  );
  return compileFirst(edges, readCounts);
}

/** Rejects with a sentence when the campaigns can't be read or compiled. */
export async function compileFirst(
  edges: CompilingEdges,
  readCounts: () => Promise<AdCounts> = () => Promise.resolve(NO_COUNTS),
): Promise<FirstIndex> {
  const counts = await readCounts().catch((error: unknown) => {
    edges.log.warn(
      { err: error },
      'what was counted can not be read: campaigns are ranked by the priors at first',
    );
    return NO_COUNTS;
  });
  try {
    const tier = { epoch: FIRST_EPOCH, since: null, counts, buffer: undefined };
    const compiled = await compileTier(edges, tier);
    const first = begin(edges, compiled, compiled, null);
    first.writer.rankBy(counts);
    return first;
  } catch (error) {
    throw new Error(`the index of the campaigns could not be made: ${messageOf(error)}`, { cause: error });
  }
}

/** On another thread. */
export function compileTier(
  { clock, compiler, databaseUrl, priors }: CompilingEdges,
  tier: Pick<CompileOrder, 'epoch' | 'since' | 'counts' | 'buffer'>,
): Promise<Compiled> {
  return compiler.compile({ ...tier, nowMs: clock(), priors, databaseUrl });
}

function openKept(edges: CompilingEdges, { base, changes, facts }: KeptIndex): FirstIndex {
  const first = begin(edges, base, facts, facts);
  if (changes !== null) first.writer.install(changes, edges.clock());
  return first;
}

function begin(
  { log, priors }: CompilingEdges,
  base: CompiledTier,
  { unsound, mark }: { readonly unsound: readonly UnsoundCampaign[]; readonly mark: string },
  kept: KeptFacts | null,
): FirstIndex {
  const leftOut = new LeftOutCampaigns(log);
  leftOut.name(unsound);
  return { writer: new IndexWriter(base, FIRST_EPOCH, priors), leftOut, mark, kept };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
