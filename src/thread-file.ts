/** Modules of ours that threads load. */

/** `path` as from this file, without its ending: `.js` when built, `.ts` under the development server. */
export function locateThread(path: string): URL {
  return new URL(`${path}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
}
