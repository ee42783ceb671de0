/**
 * The schema of a database as one text to read, from PostgreSQL's catalogs: the embedded server comes without pg_dump,
 * and pg_dump's text differs from version to version. Partitions by day are left out: the program makes them.
 */
import type pg from 'pg';

const TABLES = `
  SELECT oid, relname AS name, CASE WHEN relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(oid) ELSE '' END AS tail
    FROM pg_class
   WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname`;

const COLUMNS = `
  SELECT quote_ident(attname) || ' ' || format_type(atttypid, atttypmod)
         || coalesce(' COLLATE ' || quote_ident(collname), '')
         || CASE WHEN attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
                 WHEN attgenerated = 's' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(adbin, adrelid) || ') STORED'
                 ELSE coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '') END
         || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END AS text
    FROM pg_attribute
    JOIN pg_type ON pg_type.oid = atttypid
    LEFT JOIN pg_collation ON pg_collation.oid = attcollation AND attcollation <> typcollation
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
   WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum`;

/** Those of NOT NULL ('n') are constraints in newer versions only. */
const CONSTRAINTS = `
  SELECT 'CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid) AS text
    FROM pg_constraint WHERE conrelid = $1 AND contype <> 'n' ORDER BY contype DESC, conname`;

const INDEXES = `
  SELECT pg_get_indexdef(indexrelid) || ';' AS text FROM pg_index
   WHERE indrelid = $1 AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = $1)
   ORDER BY indexrelid::regclass::text`;

const TRIGGERS = `
  SELECT pg_get_triggerdef(oid) || ';' AS text FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal ORDER BY tgname`;

const COMMENTS = `
  SELECT format('COMMENT ON COLUMN %s.%s IS %L;', $1::regclass, attname, description) AS text
    FROM pg_description JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid
   WHERE objoid = $1 AND classoid = 'pg_class'::regclass ORDER BY attnum`;

const DOMAINS = `
  SELECT format('CREATE DOMAIN %s AS %s%s;', typname, format_type(typbasetype, typtypmod),
                (SELECT coalesce(string_agg(' ' || pg_get_constraintdef(oid), '' ORDER BY conname), '')
                   FROM pg_constraint WHERE contypid = pg_type.oid AND contype <> 'n')) AS text
    FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'd' ORDER BY typname`;

const FUNCTIONS = `
  SELECT trim(pg_get_functiondef(oid)) || ';' AS text
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY proname, oid::regprocedure::text`;

const OPERATORS = `
  SELECT format('CREATE OPERATOR %s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = %s);', oprname, oprleft::regtype,
                oprright::regtype, oprcode) AS text
    FROM pg_operator WHERE oprnamespace = 'public'::regnamespace ORDER BY oprname, oprleft, oprright`;

const VIEWS = `
  SELECT format('CREATE VIEW %s AS', viewname) || E'\\n' || definition AS text
    FROM pg_views WHERE schemaname = 'public' ORDER BY viewname`;

const HEAD =
  '-- All that the migrations make, to be read: `npm run schema` writes it, and a test compares it. Partitions by day are\n' +
  '-- made by the program. What tables and columns mean stands in migrations/.';

export async function dumpSchema(client: pg.Client): Promise<string> {
  const texts = async (sql: string, values: readonly unknown[] = []): Promise<readonly string[]> => {
    const { rows } = await client.query<{ text: string }>(sql, [...values]);
    return rows.map(({ text }) => text.replaceAll(/[ \t]+$/gm, ''));
  };
  const { rows: tables } = await client.query<{ oid: number; name: string; tail: string }>(TABLES);
  const parts = [HEAD, ...(await texts(DOMAINS)), ...(await texts(FUNCTIONS)), ...(await texts(OPERATORS))];
  for (const { oid, name, tail } of tables) {
    const lines = [...(await texts(COLUMNS, [oid])), ...(await texts(CONSTRAINTS, [oid]))];
    const table = `CREATE TABLE ${name} (\n  ${lines.join(',\n  ')}\n)${tail};`;
    const more = [
      ...(await texts(INDEXES, [oid])),
      ...(await texts(TRIGGERS, [oid])),
      ...(await texts(COMMENTS, [oid])),
    ];
    parts.push([table, ...more].join('\n'));
  }
  return `${[...parts, ...(await texts(VIEWS))].join('\n\n')}\n`;
}
