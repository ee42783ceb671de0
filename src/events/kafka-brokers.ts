/** The brokers as they stand in the configuration: `host:port`, with commas between. */

export type BrokersReading =
  | { readonly ok: true; readonly brokers: readonly string[] }
  /** A sentence without a subject, for behind the variable's name. */
  | { readonly ok: false; readonly error: string };

const BROKER = /^(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?):(?<port>[0-9]{1,5})$/i;
const MAX_PORT = 65_535;

/** Some brokers of the cluster suffice: these tell of the others. */
export function readBrokers(text: string): BrokersReading {
  const brokers = [...new Set(text.split(',').map((broker) => broker.trim()))];
  for (const broker of brokers) {
    const error = findMistake(broker);
    if (error !== null) return { ok: false, error: `is wrong: ${error}` };
  }
  return { ok: true, brokers };
}

function findMistake(broker: string): string | null {
  if (broker === '') return 'a broker is empty; write host:port, with commas between';
  // The client splits at the first colon.
  if (broker.startsWith('[')) {
    return `"${broker}" is an IPv6 address, which the Kafka client can't read; write the broker's host name`;
  }
  const port = Number(BROKER.exec(broker)?.groups?.port);
  if (port >= 1 && port <= MAX_PORT) return null;
  return `"${broker}" is not a broker; write host:port, as in kafka-1:9092`;
}
