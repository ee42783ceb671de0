/**
 * A line between a consumer and Postgres that sees how far a transaction is, and breaks at a chosen moment of it. It
 * reads what the consumer says by the protocol's own frames, and knows a batch by its look at consumed_offsets.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** before: COMMIT never gets there · inside: a statement is under way · after: it is committed, and nobody hears of it. */
export type Moment = 'before' | 'inside' | 'after';

export interface Ambush {
  readonly moment: Moment;
  /** Batches that are let through first. */
  readonly batchesFirst: number;
  /** Which statement after the look at the offsets, for `inside`. */
  readonly statement: number;
  /** Called in the very moment, before the line breaks. */
  readonly onMoment: () => void;
}

export interface Gate {
  readonly port: number;
  /** Resolves once the moment has come; replaces what was laid before. */
  readonly ambush: (ambush: Ambush) => Promise<void>;
  readonly close: () => void;
}

/** `upstream`: a port of this machine. */
export async function openGate(upstream: number): Promise<Gate> {
  let laid: Laid | null = null;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const line = connect(upstream, '127.0.0.1');
    for (const socket of [client, line]) {
      sockets.add(socket);
      socket.setNoDelay(true).on('error', () => {});
    }
    const hangUp = (): void => {
      for (const socket of [client, line]) {
        socket.resetAndDestroy();
        sockets.delete(socket);
      }
    };
    client.on('close', hangUp);
    line.on('close', hangUp);
    const watch = watchTransactions(
      () => laid,
      (fired) => {
        laid = null;
        fired.onMoment();
        hangUp();
        fired.settle();
      },
    );
    client.on('data', (chunk) => watch.said(chunk, () => line.write(chunk)));
    line.on('data', (chunk) => watch.answered(() => client.write(chunk)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    ambush: (ambush) => new Promise((settle) => (laid = { ...ambush, left: ambush.batchesFirst, settle })),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

interface Laid extends Ambush {
  /** Batches that are let through yet. */
  left: number;
  readonly settle: () => void;
}

interface Watch {
  readonly said: (chunk: Buffer, pass: () => void) => void;
  readonly answered: (pass: () => void) => void;
}

/** One connection. */
function watchTransactions(laidNow: () => Laid | null, fire: (laid: Laid) => void): Watch {
  const read = createStepReader();
  /** Since the transaction looked at the offsets; null: it has not. */
  let statements: number | null = null;
  let isCommitting = false;

  /** The moment that the step is in the transaction of a batch, if it is one that is waited for. */
  function momentOf(step: Step, laid: Laid): Moment | null {
    if (statements === null) return null;
    if (step === 'statement') {
      return laid.moment === 'inside' && laid.left === 0 && statements > laid.statement ? 'inside' : null;
    }
    if (step !== 'commit') return null;
    if (laid.left === 0) return laid.moment === 'after' ? 'after' : 'before';
    laid.left -= 1;
    return null;
  }

  function follow(step: Step): void {
    if (step === 'offsets') statements ??= 0;
    else if (step !== 'statement') statements = null;
    else if (statements !== null) statements += 1;
  }

  return {
    said(chunk, pass) {
      const laid = laidNow();
      let moment: Moment | null = null;
      for (const step of read(chunk)) {
        if (laid !== null) moment ??= momentOf(step, laid);
        follow(step);
      }
      if (moment !== 'before') pass();
      if (moment === 'after') isCommitting = true;
      else if (moment !== null && laid !== null) fire(laid);
    },
    answered(pass) {
      const laid = isCommitting ? laidNow() : null;
      isCommitting = false;
      if (laid === null) pass();
      else fire(laid);
    },
  };
}

type Step = 'begin' | 'offsets' | 'statement' | 'commit' | 'rollback';

const TYPE_BYTES = 1;
const LENGTH_BYTES = 4;
const SIMPLE: Readonly<Record<string, Step>> = { BEGIN: 'begin', COMMIT: 'commit', ROLLBACK: 'rollback' };

/** What the consumer says, chunk by chunk, as steps. Its first message has no type. */
function createStepReader(): (chunk: Buffer) => readonly Step[] {
  let rest: Buffer = Buffer.alloc(0);
  let typeBytes = 0;
  const ofOffsets = new Set<string>();

  function stepOf(type: string, body: Buffer): Step | null {
    if (type === 'S') return 'statement';
    const [first = '', second = ''] = body.toString('latin1').split('\0', 2);
    switch (type) {
      case 'Q':
        return SIMPLE[first] ?? null;
      case 'P':
        // A name, and the text that it stands for from now on.
        if (second.includes('consumed_offsets')) ofOffsets.add(first);
        else ofOffsets.delete(first);
        return null;
      case 'B':
        return ofOffsets.has(second) ? 'offsets' : null;
      default:
        return null;
    }
  }

  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const steps: Step[] = [];
    while (rest.length >= typeBytes + LENGTH_BYTES) {
      const bytes = typeBytes + rest.readUInt32BE(typeBytes);
      if (rest.length < bytes) break;
      const body = rest.subarray(typeBytes + LENGTH_BYTES, bytes);
      const step = typeBytes === 0 ? null : stepOf(rest.toString('latin1', 0, typeBytes), body);
      if (step !== null) steps.push(step);
      rest = rest.subarray(bytes);
      typeBytes = TYPE_BYTES;
    }
    return steps;
  };
}
