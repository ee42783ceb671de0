/**
 * The HTTP contract as OpenAPI 3.1, made from the tables and limits by which requests are read. A new operation is an
 * entry in one of the tables; `routes.test.ts` fails until route and entry are both there.
 */
import type { ErrorCode } from '../errors.ts';
import { MAX_BODY_BYTES } from '../http.ts';
import { AD_SCHEMAS } from './ad-schemas.ts';
import { ANALYTICS } from './analytics-operations.ts';
import { ANALYTICS_SCHEMAS } from './analytics-schemas.ts';
import { ANSWER_SCHEMAS } from './answer-schemas.ts';
import { CAMPAIGN_SCHEMAS } from './campaign-schemas.ts';
import { FORM_SCHEMAS } from './form-schemas.ts';
import { MANAGEMENT } from './management-operations.ts';
import { OPENRTB_SCHEMAS } from './openrtb-schemas.ts';
import { OPERATING } from './operating-operations.ts';
import { header, jsonAnswer, type Operation, type Operations } from './operation.ts';
import { REPORT_SCHEMAS } from './report-schemas.ts';
import { ref, type Schema } from './schema.ts';
import { SERVING } from './serving-operations.ts';
import { TARGETING_SCHEMAS } from './targeting-schemas.ts';
import { TRACKING } from './tracking-operations.ts';

export interface OpenApiDocument extends Schema {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Schema>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> } & Schema;
}

const KIB = 1024;
/** That of package.json: the contract is released with the server. */
const VERSION = '0.1.0';

const TAGS: Readonly<Record<string, { readonly description: string; readonly operations: Operations }>> = {
  Serving: { description: 'Ads: by OpenRTB, or by a simple form.', operations: SERVING },
  Tracking: {
    description: 'What became of a bid. Money moves by the signed token `t` alone.',
    operations: TRACKING,
  },
  Management: { description: 'Campaigns, for holders of a management key.', operations: MANAGEMENT },
  Analytics: { description: 'What was counted, for holders of a management key.', operations: ANALYTICS },
  Operating: { description: 'Health, metrics, this document.', operations: OPERATING },
};

const RULES = `Of every path:
- Unknown JSON fields are ignored. A number that comes as a string is read as the number.
- An answer carries \`x-request-id\`: the client’s, or a new one. \`traceparent\` is taken up.
- A body may be gzip, and has at most ${MAX_BODY_BYTES / KIB} KiB inflated. Answers of 1 KiB and more are gzipped for those who accept it.
- Another method is 405 with \`Allow\`, an unknown path 404, a broken \`%\` escape in path or query 400, and what fails for a fault of ours 503; all have the shape of \`Error\`.
- Fields may be added to any answer: ignore those that you do not know.`;

/** What each error means, whatever the operation. */
const ERROR_MEANINGS: Partial<Readonly<Record<ErrorCode, string>>> = {
  INVALID_REQUEST: 'A field is missing, or of a wrong type or form.',
  UNAUTHORIZED: 'The key or the token is missing, wrong or altered.',
  FORBIDDEN: 'The key may read, not change; or it is for another advertiser.',
  NOT_FOUND: 'There is no such campaign or ad.',
  CONFLICT: 'The campaign has changed since the ETag of `If-Match`, or has ended.',
  BODY_TOO_LARGE: 'The body is larger than it may be.',
  UNSUPPORTED_MEDIA_TYPE: 'The body is neither JSON nor text, or in an unknown encoding.',
  UNPROCESSABLE: 'A rule forbids it: the message names the field and the rule.',
  UNAVAILABLE: 'This can not be done now: send it again.',
};

/** `serverUrl`: where clients find the server. */
export function composeDocument(serverUrl: string): OpenApiDocument {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gavel',
      version: VERSION,
      summary: 'An ad server and real-time bidder.',
      description: RULES,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: serverUrl }],
    security: [],
    tags: Object.entries(TAGS).map(([name, { description }]) => ({ name, description })),
    paths: composePaths(),
    components: {
      securitySchemes: {
        managementKey: {
          type: 'http',
          scheme: 'bearer',
          description: '`GAVEL_ADMIN_KEY`, or a key of `npm run keys`.',
        },
      },
      headers: { RequestId: header('The client’s `x-request-id`, or a new one.') },
      responses: composeErrors(),
      schemas: {
        ...CAMPAIGN_SCHEMAS,
        ...TARGETING_SCHEMAS,
        ...AD_SCHEMAS,
        ...FORM_SCHEMAS,
        ...REPORT_SCHEMAS,
        ...OPENRTB_SCHEMAS,
        ...ANALYTICS_SCHEMAS,
        ...ANSWER_SCHEMAS,
      },
    },
  };
}

function composePaths(): OpenApiDocument['paths'] {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const [tag, { operations }] of Object.entries(TAGS)) {
    for (const [place, operation] of Object.entries(operations)) {
      const [method = '', path = ''] = place.split(' ');
      (paths[path] ??= {})[method.toLowerCase()] = composeOperation(tag, operation);
    }
  }
  return paths;
}

function composeOperation(tag: string, { isKeyed = false, ...operation }: Operation): Schema {
  return { tags: [tag], ...operation, security: isKeyed ? [{ managementKey: [] }] : [] };
}

function composeErrors(): Readonly<Record<string, Schema>> {
  return Object.fromEntries(
    Object.entries(ERROR_MEANINGS).map(([code, meaning]) => {
      const { description, ...rest } = jsonAnswer(meaning, ref('Error'));
      return [code, { description: `${code}: ${String(description)}`, ...rest }];
    }),
  );
}
