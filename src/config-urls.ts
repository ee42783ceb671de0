/** The URLs among the variables: which are sound, and how one is kept. */

export function isPublicUrl(text: string): boolean {
  const url = urlOf(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
}

export function withoutSlash(text: string): string {
  return text.replace(/\/+$/, '');
}

export function isPostgresUrl(text: string): boolean {
  const protocol = urlOf(text)?.protocol;
  return protocol === 'postgres:' || protocol === 'postgresql:';
}

function urlOf(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
