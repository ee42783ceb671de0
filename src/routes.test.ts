/** Every route of the server is an operation of the OpenAPI document, and every operation is a route. */
import { expect, it } from 'vitest';
import { createSite, type SiteParts } from './routes.ts';
import { composeDocument } from './server/openapi/document.ts';

/** What routes are given, none of which is asked for anything before the first request. */
const untouched: unknown = new Proxy(() => untouched, {
  get: (_target, name) => (name === Symbol.toPrimitive ? () => '' : untouched),
  apply: () => untouched,
});

it('the OpenAPI document has every route, and no other', () => {
  const { routes, bidRoute } = createSite(untouched as SiteParts);
  const served = [...routes.map(({ method, pattern }) => `${method} ${pattern}`), `POST ${bidRoute.pattern}`];
  const { paths } = composeDocument('https://ads.example');
  const documented = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(documented.sort()).toEqual(served.sort());
});
