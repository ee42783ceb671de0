/** GET /metrics alone, for a command that serves nothing else. */
import { createServer } from 'node:http';

export interface MetricsServer {
  close(): Promise<void>;
}

type Render = () => Promise<{ readonly contentType: string; readonly text: string }>;

/** Rejects with one sentence where the port can't be had. */
export function serveMetrics(host: string, port: number, render: Render): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('only GET /metrics is served here\n');
      return;
    }
    render().then(
      ({ contentType, text }) => response.writeHead(200, { 'content-type': contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new Error(`port ${String(port)} of ${host} can not be listened on: ${error.message}`));
    });
    server.listen(port, host, () => {
      resolve({
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}
