/** The merge patch of an object, made from its schema: nothing is required, and null takes a field away. */
import { nullable, type Schema } from './schema.ts';

export function patchOf(fields: Readonly<Record<string, Schema>>, description: string): Schema {
  const properties = Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => [name, patched(schema)]),
  );
  return { type: 'object', description, properties };
}

/** An object is patched member by member, everything else is replaced. */
function patched(schema: Schema): Schema {
  if (Array.isArray(schema.type)) return schema;
  if (schema.type !== 'object') return nullable(withoutDefault(schema));
  const fields = schema.properties as Readonly<Record<string, Schema>>;
  const { type, properties, description } = patchOf(
    fields,
    typeof schema.description === 'string' ? schema.description : '',
  );
  return { type: [type, 'null'], properties, description };
}

function withoutDefault({ default: _fallback, ...schema }: Schema): Schema {
  return schema;
}
