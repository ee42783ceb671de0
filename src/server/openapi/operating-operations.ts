/** What orchestrators, Prometheus and readers of this document ask. */
import {
  answer,
  errors,
  FOR_BROWSERS,
  header,
  jsonAnswer,
  NOT_STORED,
  type Operations,
} from './operation.ts';
import { object, ref } from './schema.ts';

export const OPERATING: Operations = {
  'GET /health': {
    operationId: 'readHealth',
    summary: 'What the server stands on',
    description: 'Degraded is 200 too: a server whose stores are away still bids with what it holds.',
    responses: { '200': jsonAnswer('Its health.', ref('Health'), NOT_STORED) },
  },
  'GET /health/live': {
    operationId: 'readLiveness',
    summary: 'Is the process alive?',
    responses: { '200': jsonAnswer('It is.', object({ status: { const: 'ok' } }), NOT_STORED) },
  },
  'GET /health/ready': {
    operationId: 'readReadiness',
    summary: 'May it be sent requests?',
    responses: {
      '200': jsonAnswer('It may.', object({ status: { const: 'ready' } }), NOT_STORED),
      ...errors('UNAVAILABLE'),
    },
  },
  'GET /metrics': {
    operationId: 'readMetrics',
    summary: 'Metrics for Prometheus',
    responses: {
      '200': answer('Prometheus’s text format.', { 'text/plain': { schema: { type: 'string' } } }),
    },
  },
  'GET /openapi.json': {
    operationId: 'readOpenApi',
    summary: 'This document',
    responses: { '200': jsonAnswer('OpenAPI 3.1.', { type: 'object' }, FOR_BROWSERS) },
  },
  'GET /docs': {
    operationId: 'readDocs',
    summary: 'This document to read',
    responses: {
      '200': answer(
        'A page that loads nothing more.',
        { 'text/html': { schema: { type: 'string' } } },
        {
          'content-security-policy': header('Allows the page itself and nothing else.'),
        },
      ),
    },
  },
};
