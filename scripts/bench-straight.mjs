/**
 * The design that the spool replaces: `GET /impression` writes its row straight to Postgres, over a pool of POOL
 * connections, and answers once it is committed. The same HTTP server as Gavel's. Tells its port on standard output.
 */
import pg from 'pg';
import uws from 'uWebSockets.js';

const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
const INSERT = 'INSERT INTO straight_impressions (ad_id) VALUES ($1)';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL) });

const app = uws.App();
app.get('/impression', (res, req) => {
  const adId = new URLSearchParams(req.getQuery()).get('ad_id');
  let isGone = false;
  res.onAborted(() => {
    isGone = true;
  });
  /** @param {string} status */
  const answer = (status) => {
    if (isGone) return;
    res.cork(() => {
      res
        .writeStatus(status)
        .writeHeader('content-type', 'image/gif')
        .writeHeader('cache-control', 'no-store')
        .end(GIF);
    });
  };
  pool.query({ name: 'insert-impression', text: INSERT, values: [adId] }).then(
    () => answer('200 OK'),
    () => answer('503 Service Unavailable'),
  );
});

app.listen('127.0.0.1', 0, (socket) => {
  if (socket === false) throw new Error('no port to listen on');
  console.log(uws.us_socket_local_port(socket));
});
process.on('SIGTERM', () => process.exit(0));
