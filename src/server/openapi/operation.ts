/** An operation as this folder's tables describe it, and the parts that operations share. */
import { ERROR_STATUS, type ErrorCode } from '../errors.ts';
import type { Method } from '../http.ts';
import { ref, type Schema } from './schema.ts';

export interface Operation {
  /** Names the operation in generated clients. */
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** A management key is asked for. */
  readonly isKeyed?: boolean;
  readonly parameters?: readonly Schema[];
  readonly requestBody?: Schema;
  /** By status. Each is met by a test. */
  readonly responses: Readonly<Record<string, Schema>>;
}

/** By method and path, as `GET /health`. */
export type Operations = Readonly<Record<`${Method} /${string}`, Operation>>;

type Headers = Readonly<Record<string, Schema>>;

export function jsonBody(schemaName: string, mediaType = 'application/json'): Schema {
  return { required: true, content: { [mediaType]: { schema: ref(schemaName) } } };
}

export function answer(description: string, content: Schema | null, headers: Headers = {}): Schema {
  return {
    description,
    headers: { 'x-request-id': { $ref: '#/components/headers/RequestId' }, ...headers },
    ...(content === null ? {} : { content }),
  };
}

export function jsonAnswer(description: string, schema: Schema, headers: Headers = {}): Schema {
  return answer(description, { 'application/json': { schema } }, headers);
}

export function header(description: string, schema: Schema = { type: 'string' }): Schema {
  return { description, required: true, schema };
}

/** The answers for these errors, by their statuses. */
export function errors(...codes: readonly ErrorCode[]): Readonly<Record<string, Schema>> {
  return Object.fromEntries(
    codes.map((code) => [String(ERROR_STATUS[code]), { $ref: `#/components/responses/${code}` }]),
  );
}

export function query(name: string, description: string, schema: Schema = { type: 'string' }): Schema {
  return { name, in: 'query', description, schema };
}

export function requiredQuery(name: string, description: string, schema?: Schema): Schema {
  return { ...query(name, description, schema), required: true };
}

export function pathUuid(name: string, description: string): Schema {
  return { name, in: 'path', required: true, description, schema: { type: 'string', format: 'uuid' } };
}

export const NOT_STORED: Headers = {
  'cache-control': { description: 'Changes by the second.', required: true, schema: { const: 'no-store' } },
};
/** Of every endpoint that browsers call. */
export const FOR_BROWSERS: Headers = {
  'access-control-allow-origin': { description: 'Any page may ask.', required: true, schema: { const: '*' } },
};
