/**
 * The only way to kafkajs: clients that share what is known of the cluster's addresses, whose sockets can be given
 * up from outside, and whose retries end when they are closed. kafkajs alone offers neither.
 */
import { Kafka, logLevel, type ISocketFactoryArgs, type LogEntry } from 'kafkajs';
import { connect, type Socket } from 'node:net';
import { GIVEN_UP_CODE, NOT_KAFKA_CODE } from './kafka-fault.ts';
import { quietenIdleConnections } from './kafka-idle.ts';

export interface ConnectionsOrder {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** What kafkajs reports and nothing else here tells. */
  readonly onTrouble: (sentence: string) => void;
}

export interface ClientOrder {
  /**
   * `never`: only the next broker is tried; who asks tries again. `always`: until it is closed, so that a group
   * outlives a broker's absence.
   */
  readonly retry: 'never' | 'always';
  /** Undefined: all, those first that answered last. */
  readonly brokers?: readonly string[];
  readonly requestTimeoutMs?: number;
}

export interface KafkaConnections {
  createKafka(order: ClientOrder): Kafka;
  /** Brokers that answer: new connections begin there, as kafkajs does not go on from one that hangs. */
  prefer(brokers: readonly string[]): void;
  /** Closes every socket as if the broker had; what is open is opened again. */
  dropSockets(): void;
  close(): void;
}

/** A broker that takes no connection within this time is tried again: across continents it takes 300 ms. */
const CONNECT_TIMEOUT_MS = 1_000;
/** Long enough for a leader to hear from its replicas, short enough to notice that it hangs. */
export const REQUEST_TIMEOUT_MS = 5_000;
/** A broker that is back is noticed within this time. */
const MAX_RETRY_MS = 1_000;
const FIRST_RETRY_MS = 100;
/** kafkajs has no word for ever. */
const FOR_EVER = 1_000_000_000;
/** A dead peer on an idle connection. */
const KEEP_ALIVE_MS = 60_000;
/** No answer is larger: `HTTP` read as a length is 1.2 GB, `SSH-` 1.4 GB. */
const MAX_ANSWER_BYTES = 100 * 1024 * 1024;
/** A correlation id, which every answer begins with. */
const MIN_ANSWER_BYTES = 4;

export function openConnections(order: ConnectionsOrder): KafkaConnections {
  quietenIdleConnections();
  const sockets = new Set<Socket>();
  let seeds = order.brokers;
  let isClosed = false;
  const openSocket = ({ host, port, onConnect }: ISocketFactoryArgs): Socket => {
    if (isClosed) throw new Error('closed');
    const socket = connect({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    socket.once('data', (first: Buffer) => {
      if (!isKafka(first)) giveUp(socket, NOT_KAFKA_CODE);
    });
    socket.once('close', () => sockets.delete(socket));
    sockets.add(socket);
    return socket;
  };
  const dropSockets = (): void => {
    for (const socket of sockets) giveUp(socket, GIVEN_UP_CODE);
  };
  return {
    createKafka: ({ retry, brokers, requestTimeoutMs = REQUEST_TIMEOUT_MS }) =>
      new Kafka({
        clientId: order.clientId,
        // kafkajs takes an empty list for an error that no retry mends: so its retries end once this is closed.
        brokers: () => (isClosed ? [] : [...(brokers ?? seeds)]),
        socketFactory: openSocket,
        connectionTimeout: CONNECT_TIMEOUT_MS,
        requestTimeout: requestTimeoutMs,
        retry: {
          retries: retry === 'never' ? (brokers ?? order.brokers).length - 1 : FOR_EVER,
          initialRetryTime: FIRST_RETRY_MS,
          maxRetryTime: MAX_RETRY_MS,
          // kafkajs has other defaults for these where NODE_ENV is test.
          factor: 0.2,
          multiplier: 2,
        },
        logLevel: logLevel.ERROR,
        logCreator: () => (entry) => {
          if (!isClosed && !isNoise(entry)) order.onTrouble(describeEntry(entry));
        },
      }),
    prefer(brokers) {
      seeds = [...brokers, ...order.brokers.filter((broker) => !brokers.includes(broker))];
    },
    dropSockets,
    close() {
      isClosed = true;
      dropSockets();
    },
  };
}

/** With an error: kafkajs does not notice a socket that only closes. */
function giveUp(socket: Socket, code: string): void {
  socket.destroy(Object.assign(new Error('given up'), { code }));
}

function isKafka(first: Buffer): boolean {
  // A length that comes in parts is left to kafkajs.
  if (first.length < Int32Array.BYTES_PER_ELEMENT) return true;
  const length = first.readInt32BE(0);
  return length >= MIN_ANSWER_BYTES && length <= MAX_ANSWER_BYTES;
}

/**
 * kafkajs logs as an error whatever it tries again: that a group begins, that a leader is being chosen, each broken
 * connection. These come back as an outcome where they last, and the state tells of them.
 */
const NOISY = new Set(['Connection', 'BrokerPool', 'Cluster', 'Producer', 'ConsumerGroup']);

function isNoise({ namespace }: LogEntry): boolean {
  return NOISY.has(namespace);
}

function describeEntry({ namespace, log }: LogEntry): string {
  const error: unknown = log.error;
  const reason = error instanceof Error ? error.message : error;
  return `kafkajs ${namespace}: ${log.message}${typeof reason === 'string' ? ` (${reason})` : ''}`;
}
