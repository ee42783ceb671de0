/** Whether the address can be listened on, told before anything is made that a start leaves behind. */
import { createServer } from 'node:net';

/** Takes the port and gives it back; rejects with the sentence that the server itself would end with. */
export function checkPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => reject(new Error(cannotListen(host, port), { cause: error })));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

export function cannotListen(host: string, port: number): string {
  return (
    `cannot listen on ${host}:${String(port)}: another process has the port, this user may not take it, or the ` +
    `address is not this machine's (GAVEL_PORT, GAVEL_HOST)`
  );
}
