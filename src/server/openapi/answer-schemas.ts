/** What every part answers: errors, pages of lists, health. */
import { ERROR_STATUS } from '../errors.ts';
import { anyList, anyText, moment, nullable, object, ref, type Schema } from './schema.ts';

const nextCursor = nullable(anyText('`cursor` of the next page; null: this is the last.'));
const check: Schema = { type: 'string', enum: ['up', 'down', 'embedded'] };
const document: Schema = {
  type: ['object', 'null'],
  description: 'The campaign, or the row that plain SQL wrote.',
};

export const ANSWER_SCHEMAS = {
  Error: object(
    {
      error: { type: 'string', enum: Object.keys(ERROR_STATUS) },
      message: anyText('Which field, and what is wrong with it.'),
      requestId: anyText('That of the log.'),
      details: anyList(
        object({ field: anyText('Its path.'), message: anyText('What is wrong.') }),
        'Each field by itself, where fields are wrong.',
      ),
    },
    ['details'],
  ),
  CampaignPage: object({ items: anyList(ref('Campaign'), 'The newest last.'), nextCursor }),
  AuditPage: object({
    items: anyList(
      object({
        at: moment('When.'),
        actor: anyText('Who: `admin`, `key:<name>`, or the database’s user.'),
        action: anyText('What was done.'),
        before: { ...document, description: `null: it was not there. ${String(document.description)}` },
        after: document,
      }),
      'The last change first.',
    ),
    nextCursor,
  }),
  Health: object(
    {
      status: { type: 'string', enum: ['ok', 'degraded'] },
      checks: object({ redis: check, kafka: check, postgres: check }),
      breakers: {
        ...object({ redis: { type: 'string', enum: ['closed', 'half-open', 'open'] } }),
        description:
          'Whether calls are sent (`closed`), with a Redis; of a cluster, the worst of its masters.',
      },
      caps: {
        type: 'string',
        enum: ['up', 'away', 'rebuilding'],
        description:
          'Campaigns with frequency caps bid only while they are `up`; `rebuilding`: Redis lost them, and they are put back from Postgres.',
      },
      index: {
        oneOf: [
          object({ source: { const: 'postgres' } }),
          object({
            source: { const: 'disk' },
            version: { type: 'integer', minimum: 0, description: 'The last change in it.' },
            savedAt: moment('When it was written.'),
          }),
        ],
        description: 'Where the campaigns that are served came from.',
      },
    },
    ['breakers'],
  ),
} satisfies Readonly<Record<string, Schema>>;
