/** The `Idempotency-Key` header: what makes a POST safe to send again. */
import { createHash } from 'node:crypto';
import type { Once } from '../campaigns/desk.ts';
import type { HttpRequest } from './http.ts';

/** Printable, as long as the column of the table. */
const SOUND_KEY = /^[\x20-\x7e]{1,255}$/;

/** null: none was sent. */
export function readOnce(request: HttpRequest): Once | null | 'unsound' {
  const key = request.header('idempotency-key');
  if (key === '') return null;
  return SOUND_KEY.test(key) ? { key, fingerprint: fingerprintOf(request) } : 'unsound';
}

function fingerprintOf({ method, path, body }: HttpRequest): string {
  return createHash('sha256').update(`${method} ${path}\n`).update(body).digest('hex');
}
