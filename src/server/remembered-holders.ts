/**
 * Who held a key when Postgres was last asked, for while it can't be: reports are shown then too. A key that was revoked
 * opens at most what its holder has been shown before, for as long as Postgres stays away.
 */
import type { GatekeeperEdges, Holder } from './gatekeeper.ts';

/** Keys are made one by one; a hundred bytes each. */
const MAX_HOLDERS = 1_000;
/** What Postgres has not said by then is waited for by whoever asks for more than reports. */
const PATIENCE_MS = 2_000;

export function rememberHolders(find: GatekeeperEdges['findHolder']): GatekeeperEdges['findHolder'] {
  const remembered = new Map<string, Holder>();
  return async (key) => {
    const found = await withinPatience(find(key));
    if (found === 'unavailable') return remembered.get(key) ?? found;
    remembered.delete(key);
    if (found === null) return null;
    remembered.set(key, found);
    const [oldest] = remembered.keys();
    if (remembered.size > MAX_HOLDERS && oldest !== undefined) remembered.delete(oldest);
    return found;
  };
}

function withinPatience<T>(finding: Promise<T>): Promise<T | 'unavailable'> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, PATIENCE_MS, 'unavailable' as const);
    finding.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
