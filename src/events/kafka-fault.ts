/** What goes wrong with Kafka, as a closed list, each with a sentence for whoever has to mend it. */

export type KafkaFaultKind =
  /** Nobody listens there, or there is no such host. */
  | 'unreachable'
  /** The connection was closed. */
  | 'cut'
  /** The connection stands, and no answer comes. */
  | 'silent'
  /** Something answers that isn't Kafka. */
  | 'not-kafka'
  | 'unknown-topic'
  /** Fewer replicas are in step than a topic asks for, none that leads, or fewer brokers than it wants copies. */
  | 'too-few-replicas'
  | 'too-large'
  /** Anything else that Kafka refuses. */
  | 'refused'
  /** The client was closed. */
  | 'closed';

export interface KafkaFault {
  readonly kind: KafkaFaultKind;
  readonly sentence: string;
}

export const CLOSED: KafkaFault = { kind: 'closed', sentence: 'This Kafka client was closed.' };

/** The code of the error with which a socket is given up whose other end isn't Kafka. */
export const NOT_KAFKA_CODE = 'NOT_KAFKA';
/** The code of the error with which sockets are given up from this side. */
export const GIVEN_UP_CODE = 'GIVEN_UP';

/** What kafkajs says where it finds a connection gone that it had: an error without a kind, which it takes for final. */
const NOT_CONNECTED = 'Broker not connected';

/** Waiting helps against these. */
const PASSING: ReadonlySet<KafkaFaultKind> = new Set(['unreachable', 'cut', 'silent']);

export function isPassing(fault: KafkaFault): boolean {
  return PASSING.has(fault.kind);
}

/** Trying again can't help against these. */
const FINAL: ReadonlySet<KafkaFaultKind> = new Set(['unknown-topic', 'too-large', 'closed']);

export function isFinal(fault: KafkaFault): boolean {
  return FINAL.has(fault.kind);
}

export function unknownTopic(topic: string): KafkaFault {
  return {
    kind: 'unknown-topic',
    sentence: `The topic ${topic} does not exist: make it, or mend its name.`,
  };
}

export function silence(brokers: string, waitedMs: number): KafkaFault {
  return {
    kind: 'silent',
    sentence: `${brokers} gave no answer within ${waitedMs} ms: see whether the broker hangs, or the network drops what is sent.`,
  };
}

/** What kafkajs puts into its errors, as far as it is of use. */
interface KafkaError {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly type?: unknown;
  readonly broker?: unknown;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** `brokers` stands in the sentence where the error doesn't say which it was. */
export function describeFault(thrown: unknown, brokers: string, topic = '?'): KafkaFault {
  const error = findRoot(thrown);
  const broker = typeof error.broker === 'string' ? error.broker : brokers;
  if (error.code === NOT_KAFKA_CODE) {
    return {
      kind: 'not-kafka',
      sentence: `${broker} answers, but not as Kafka does: give the address of a Kafka broker.`,
    };
  }
  if (error.code === GIVEN_UP_CODE) {
    return {
      kind: 'silent',
      sentence: `The connection to ${broker} was given up, as no answer came: see whether the broker hangs.`,
    };
  }
  if (error.name === 'KafkaJSConnectionClosedError' || error.message === NOT_CONNECTED) {
    return {
      kind: 'cut',
      sentence: `${broker} closed the connection: see whether the broker runs, and is a Kafka that takes plain text.`,
    };
  }
  if (error.name === 'KafkaJSConnectionError') {
    return {
      kind: 'unreachable',
      sentence: `${broker} can't be reached (${reasonOf(error)}): see whether the broker runs and the address is right.`,
    };
  }
  if (error.name === 'KafkaJSRequestTimeoutError') {
    return {
      kind: 'silent',
      sentence: `${broker} does not answer (${error.message}): see whether it hangs, or the network drops what is sent.`,
    };
  }
  return describeRefusal(error, broker, topic);
}

function describeRefusal(error: KafkaError, broker: string, topic: string): KafkaFault {
  switch (error.type) {
    case 'UNKNOWN_TOPIC_OR_PARTITION':
    case 'INVALID_TOPIC_EXCEPTION':
      return unknownTopic(topic);
    case 'NOT_ENOUGH_REPLICAS':
    case 'NOT_ENOUGH_REPLICAS_AFTER_APPEND':
      return {
        kind: 'too-few-replicas',
        sentence: `Too few replicas of the topic ${topic} are in step: see which brokers are away.`,
      };
    case 'LEADER_NOT_AVAILABLE':
      return {
        kind: 'too-few-replicas',
        sentence: `A part of the topic ${topic} has no broker that leads it: see which brokers are away.`,
      };
    case 'INVALID_REPLICATION_FACTOR':
      return {
        kind: 'too-few-replicas',
        sentence: `The topic ${topic} wants more copies than there are brokers: start more brokers, or ask for fewer copies.`,
      };
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return {
        kind: 'too-large',
        sentence: `A message is larger than the topic ${topic} takes: see its max.message.bytes.`,
      };
    default:
      return { kind: 'refused', sentence: `${broker} refused: ${error.message}` };
  }
}

/** kafkajs wraps errors in errors, and several in one. */
function findRoot(thrown: unknown): KafkaError {
  const error = toError(thrown);
  const inner = error.cause ?? error.errors?.[0];
  return inner === undefined || inner === thrown ? error : findRoot(inner);
}

function toError(thrown: unknown): KafkaError {
  return thrown instanceof Error ? thrown : { name: 'Error', message: String(thrown) };
}

function reasonOf(error: KafkaError): string {
  return typeof error.code === 'string' ? error.code : error.message;
}
