/** Who may manage campaigns: the holder of GAVEL_ADMIN_KEY, and those of keys that `npm run keys` made. */
import { fail } from './errors.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';

export interface Holder {
  /** Stands in the audit. */
  readonly actor: string;
  readonly mayChange: boolean;
  /** The one advertiser whose campaigns there are for this holder; null: all. */
  readonly advertiserId: string | null;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly holder: Holder }
  | { readonly kind: 'refused'; readonly answer: HttpAnswer };

/** `toChange`: the request asks for more than to read. */
export type Gatekeeper = (request: HttpRequest, toChange: boolean) => Promise<Admission>;

export interface GatekeeperEdges {
  /** Does the `Authorization` header carry GAVEL_ADMIN_KEY? In constant time. */
  readonly isAdmin: (authorization: string) => boolean;
  readonly findHolder: (key: string) => Promise<Holder | null | 'unavailable'>;
}

const ADMIN: Holder = { actor: 'admin', mayChange: true, advertiserId: null };
const BEARER = /^bearer +([\x21-\x7e]{1,512})$/i;

/** null: whoever it is holds no key of ours. */
export async function identifyHolder(
  { isAdmin, findHolder }: GatekeeperEdges,
  authorization: string,
): Promise<Holder | null | 'unavailable'> {
  if (isAdmin(authorization)) return ADMIN;
  const key = BEARER.exec(authorization)?.[1];
  return key === undefined ? null : findHolder(key);
}

export function createGatekeeper(edges: GatekeeperEdges): Gatekeeper {
  return async (request, toChange) => {
    const holder = await identifyHolder(edges, request.header('authorization'));
    if (holder === null) {
      return refused(fail(request, 'UNAUTHORIZED', 'authorization: must be Bearer and a management key'));
    }
    if (holder === 'unavailable') {
      return refused(
        fail(request, 'UNAVAILABLE', 'the key can not be looked up: Postgres is away; nothing was done'),
      );
    }
    if (toChange && !holder.mayChange) {
      return refused(fail(request, 'FORBIDDEN', 'this key may read campaigns, not change them'));
    }
    return { kind: 'admitted', holder };
  };
}

function refused(answer: HttpAnswer): Admission {
  return { kind: 'refused', answer };
}
