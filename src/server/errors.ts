/** Every error that an endpoint answers: its code, its status, and the one shape of its body (api.md). */
import type { HttpAnswer, HttpRequest } from './http.ts';

export const ERROR_STATUS = {
  INVALID_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  UNPROCESSABLE: 422,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface ErrorExtras {
  /** Each field that is wrong; where the message begins with a field and a colon, it alone is. */
  readonly details?: readonly FieldError[];
  /** `allow` for a 405, `retry-after` for a 429. */
  readonly headers?: Readonly<Record<string, string>>;
}

export function errorBody(
  code: ErrorCode,
  message: string,
  requestId: string,
  details = detailsOf(code, message),
): string {
  return JSON.stringify({ error: code, message, requestId, ...(details.length === 0 ? {} : { details }) });
}

/** What a message says of several fields, each as a message of one field does: `imp[0].id: is missing`. */
export function messageOf(details: readonly FieldError[]): string {
  return details.map(({ field, message }) => `${field}: ${message}`).join('; ');
}

const ONE_FIELD = /^([\w.[\]-]+): (.*)$/s;

function detailsOf(code: ErrorCode, message: string): readonly FieldError[] {
  if (code !== 'INVALID_REQUEST' && code !== 'UNPROCESSABLE') return [];
  const [, field, what] = ONE_FIELD.exec(message) ?? [];
  return field === undefined || what === undefined ? [] : [{ field, message: what }];
}

/** The answer that tells `request` of an error. A 401 names the scheme that would do, as RFC 9110 asks. */
export function fail(
  request: Pick<HttpRequest, 'requestId'>,
  code: ErrorCode,
  message: string,
  extras: ErrorExtras = {},
): HttpAnswer {
  return {
    status: ERROR_STATUS[code],
    headers: {
      'content-type': 'application/json',
      ...(code === 'UNAUTHORIZED' ? { 'www-authenticate': 'Bearer' } : {}),
      ...extras.headers,
    },
    body: errorBody(code, message, request.requestId, extras.details),
  };
}
