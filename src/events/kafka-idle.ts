/**
 * kafkajs 2.2.4 looks every millisecond, on every connection, whether a request waits, also when none does: the
 * delay it computes is negative. Measured with four idle connections: 3.8 % of a core, 0.8 % with this, which
 * looks only while a request waits. Node 24 warns of such delays, too.
 */
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

const scheduleCheck = RequestQueue.prototype.scheduleCheckPendingRequests;

/** For all clients of this thread. */
export function quietenIdleConnections(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) scheduleCheck.call(this);
  };
}
