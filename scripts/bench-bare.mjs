/**
 * Bare uWebSockets.js, what the bench holds the server against: reads a POST's body and answers with ANSWER_BYTES
 * bytes. PARSE=1: JSON.parse of the body besides. SPIN_MICROS: so long it does nothing before it answers. Tells its port on standard output.
 */
import uws from 'uWebSockets.js';

const answer = 'x'.repeat(Number(process.env.ANSWER_BYTES));
const parses = process.env.PARSE === '1';
const spinMs = Number(process.env.SPIN_MICROS) / 1_000;

const app = uws.App();
app.post('/*', (res) => {
  let body = '';
  res.onAborted(() => {});
  res.onData((chunk, isLast) => {
    if (parses) body += Buffer.from(chunk).toString('utf8');
    if (!isLast) return;
    if (parses && JSON.parse(body).id === undefined) throw new Error('a body without an id');
    if (spinMs > 0) spin();
    res.cork(() => {
      res.writeHeader('content-type', 'application/json').end(answer);
    });
  });
});

function spin() {
  const endMs = performance.now() + spinMs;
  while (performance.now() < endMs);
}

app.listen('127.0.0.1', 0, (socket) => {
  if (socket === false) throw new Error('no port to listen on');
  console.log(uws.us_socket_local_port(socket));
});
process.on('SIGTERM', () => process.exit(0));
