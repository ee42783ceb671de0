/** A call of the stream, and what each of its events must look like once it is a row. */

export type CallKind = 'array' | 'event' | 'track' | 'pixel' | 'serve' | 'bid' | 'notice';

/** A row is known by its event's id where the sender chose it, else by the trace id of its call. */
export interface Mark {
  readonly key: string;
  readonly type: string;
  /** null: the answer tells. */
  readonly adId: string | null;
  /** null: the answer tells. */
  readonly spendNanos: number | null;
}

export interface Call {
  readonly kind: CallKind;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string | null;
  /** '' where its marks are ids. */
  readonly traceId: string;
  readonly marks: readonly Mark[];
  /** Sent again it is the same event, and not another. */
  readonly isRepeatable: boolean;
}

export function pathAndQuery(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}
