/** What kafka-idle.ts touches of kafkajs' inside, which has no types. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  class RequestQueue {
    /** Requests that wait because the broker asked for a pause, or too many are under way. */
    readonly pending: readonly unknown[];
    scheduleCheckPendingRequests: (this: RequestQueue) => void;
  }
  export = RequestQueue;
}
