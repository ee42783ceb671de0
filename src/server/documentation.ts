/** GET /openapi.json, the contract as OpenAPI 3.1, and GET /docs, the same to read: a page that the build has made. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { fail } from './errors.ts';
import { acceptsGzip } from './headers.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import { composeDocument } from './openapi/document.ts';

/** Made by scripts/docs-page.mjs, beside this file in dist/; under the development server there is none. */
const PAGE_FILE = new URL('./openapi/docs.html', import.meta.url);
const SCRIPT = /<script[^>]*>([\s\S]*?)<\/script>/g;

interface Page {
  readonly html: Buffer;
  /** Zipped once: it has megabytes, and zlib's threads are those of the bodies of bid requests. */
  readonly zipped: Buffer;
  readonly policy: string;
}

export function documentationRoutes(publicUrl: string): readonly Route[] {
  const document = JSON.stringify(composeDocument(publicUrl));
  let page: Promise<Page | null> | null = null;
  return [
    {
      method: 'GET',
      pattern: '/openapi.json',
      name: 'openapi',
      browser: true,
      handle: () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: document }),
    },
    {
      method: 'GET',
      pattern: '/docs',
      name: 'docs',
      handle: async (request) => answerPage(request, await (page ??= loadPage())),
    },
  ];
}

function answerPage(request: HttpRequest, page: Page | null): HttpAnswer {
  if (page === null)
    return fail(request, 'NOT_FOUND', 'the page is made by npm run build; see /openapi.json');
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': page.policy };
  if (!acceptsGzip(request.header('accept-encoding'))) return { status: 200, headers, body: page.html };
  const zipped = { ...headers, 'content-encoding': 'gzip', vary: 'accept-encoding' };
  return { status: 200, headers: zipped, body: page.zipped };
}

/** At the first request: most servers are never asked. null: there is none. */
async function loadPage(): Promise<Page | null> {
  const html = await readFile(PAGE_FILE).catch(() => null);
  if (html === null) return null;
  return { html, zipped: await promisify(gzip)(html), policy: policyOf(html.toString('utf8')) };
}

/** The page's own scripts by their hashes, its styles, pictures within it; nothing from elsewhere, nothing sent. */
function policyOf(html: string): string {
  const scripts = [...html.matchAll(SCRIPT)].map(([, script = '']) => `'sha256-${digest(script)}'`);
  return [
    "default-src 'none'",
    `script-src ${scripts.join(' ')}`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function digest(script: string): string {
  return createHash('sha256').update(script).digest('base64');
}
