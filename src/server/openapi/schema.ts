/** The words that schemas are written in: JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
import { MAX_TEXT_LENGTH } from '../../campaigns/wire.ts';

export type Schema = Readonly<Record<string, unknown>>;
type Properties = Readonly<Record<string, Schema>>;

/** A text that is not blank. */
export function text(description: string, maxLength = MAX_TEXT_LENGTH): Schema {
  return { type: 'string', minLength: 1, maxLength, pattern: '\\S', description };
}

/** A text of any length. */
export function anyText(description: string): Schema {
  return { type: 'string', description };
}

export function word(words: readonly string[], description: string, fallback?: string): Schema {
  return {
    type: 'string',
    enum: words,
    ...(fallback === undefined ? {} : { default: fallback }),
    description,
  };
}

export function formed(form: RegExp, maxLength: number, description: string): Schema {
  return { type: 'string', pattern: form.source, maxLength, description };
}

export function uuid(description: string): Schema {
  return {
    type: 'string',
    format: 'uuid',
    pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
    description,
  };
}

export function moment(description: string): Schema {
  return { type: 'string', format: 'date-time', description };
}

export function number(description: string, bounds: Schema = {}): Schema {
  return { type: 'number', ...bounds, description };
}

export function integer(minimum: number, maximum: number, description: string, fallback?: number): Schema {
  return {
    type: 'integer',
    minimum,
    maximum,
    ...(fallback === undefined ? {} : { default: fallback }),
    description,
  };
}

export function list(items: Schema, maxItems: number, description: string): Schema {
  return { type: 'array', items, maxItems, description };
}

export function anyList(items: Schema, description: string): Schema {
  return { type: 'array', items, description };
}

/** Every property is there, but for those that are named `optional`. */
export function object(properties: Properties, optional: readonly string[] = [], description = ''): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return {
    type: 'object',
    ...(description === '' ? {} : { description }),
    properties,
    ...(required.length === 0 ? {} : { required }),
  };
}

/** An object of which only these properties must be there. */
export function form(properties: Properties, required: readonly string[], description = ''): Schema {
  return object(
    properties,
    Object.keys(properties).filter((name) => !required.includes(name)),
    description,
  );
}

export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** The same, or null. */
export function nullable(schema: Schema): Schema {
  const { type, enum: words, ...rest } = schema;
  if (typeof type !== 'string') return { anyOf: [schema, { type: 'null' }] };
  return {
    type: [type, 'null'],
    ...(Array.isArray(words) ? { enum: [...(words as unknown[]), null] } : {}),
    ...rest,
  };
}
