/** Which route a path and a method lead to. */
import type { Method } from './http.ts';

/** What the router must know of a route. */
export interface Signpost {
  readonly method: Method;
  readonly pattern: string;
  readonly name: string;
  readonly browser?: boolean;
  readonly counts?: boolean;
}

export type Match =
  | {
      readonly kind: 'route';
      /** Index into the routes that the router was made of. */
      readonly route: number;
      readonly browser: boolean;
      readonly params: Readonly<Record<string, string>>;
    }
  /** The path is known, the method is not among `allow`. */
  | { readonly kind: 'method'; readonly allow: string; readonly browser: boolean }
  | { readonly kind: 'nowhere' }
  /** A broken escape in the path. */
  | { readonly kind: 'malformed' };

export interface Router {
  find(method: string, path: string): Match;
}

/** false where a `%` escape is broken or does not spell UTF-8. */
export function isWellEscaped(text: string): boolean {
  if (!text.includes('%')) return true;
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

interface Place {
  readonly routes: Map<string, number>;
  browser: boolean;
  /** Its GET counts something. */
  counts: boolean;
  readonly segments: readonly string[];
}

/** Throws where two routes share a method and a pattern. */
export function createRouter(routes: readonly Signpost[]): Router {
  const places = new Map<string, Place>();
  for (const [index, route] of routes.entries()) placeRoute(places, route, index);
  const fixed = new Map([...places].filter(([pattern]) => !pattern.includes('{')));
  const patterned = [...places].filter(([pattern]) => pattern.includes('{')).map(([, place]) => place);
  return {
    find(method, path) {
      const place = fixed.get(path);
      if (place !== undefined) return arrive(place, method, {});
      if (!isWellEscaped(path)) return { kind: 'malformed' };
      const segments = path.split('/');
      for (const candidate of patterned) {
        const params = matchSegments(candidate.segments, segments);
        if (params !== null) return arrive(candidate, method, params);
      }
      return { kind: 'nowhere' };
    },
  };
}

function placeRoute(places: Map<string, Place>, route: Signpost, index: number): void {
  let place = places.get(route.pattern);
  if (place === undefined) {
    place = { routes: new Map(), browser: false, counts: false, segments: route.pattern.split('/') };
    places.set(route.pattern, place);
  }
  if (place.routes.has(route.method)) throw new Error(`two routes for ${route.method} ${route.pattern}`);
  place.routes.set(route.method, index);
  place.browser ||= route.browser === true;
  place.counts ||= route.counts === true;
}

/** HEAD is served by GET's route, unless that counts something. */
function arrive(place: Place, method: string, params: Readonly<Record<string, string>>): Match {
  const headRoute = place.counts ? undefined : place.routes.get('GET');
  const route = place.routes.get(method) ?? (method === 'HEAD' ? headRoute : undefined);
  if (route !== undefined) return { kind: 'route', route, browser: place.browser, params };
  const allow = [...place.routes.keys(), ...(headRoute === undefined ? [] : ['HEAD']), 'OPTIONS'].join(', ');
  return { kind: 'method', allow, browser: place.browser };
}

/** The parameters' values, decoded; null where the path is another. A parameter is never empty. */
function matchSegments(
  pattern: readonly string[],
  path: readonly string[],
): Readonly<Record<string, string>> | null {
  if (pattern.length !== path.length) return null;
  const params: Record<string, string> = {};
  for (const [index, segment] of pattern.entries()) {
    const given = path[index] ?? '';
    if (segment.startsWith('{') && segment.endsWith('}')) {
      if (given === '') return null;
      params[segment.slice(1, -1)] = decodeURIComponent(given);
    } else if (segment !== given) return null;
  }
  return params;
}
