import { describe, expect, test } from 'vitest';

import { SERVICE_NAMES } from './catalog.ts';
import { readOrder } from './order.ts';

describe('npm run services', () => {
  test('starts what Gavel itself can use where nothing is named', () => {
    expect(readOrder([])).toEqual({ kind: 'start', names: ['postgres', 'redis', 'kafka'] });
  });

  test('starts the named ones, or all', () => {
    expect(readOrder(['kafka', 'toxiproxy'])).toEqual({ kind: 'start', names: ['kafka', 'toxiproxy'] });
    expect(readOrder(['all'])).toEqual({ kind: 'start', names: SERVICE_NAMES });
  });

  test('stops and shows', () => {
    expect(readOrder(['stop'])).toEqual({ kind: 'stop' });
    expect(readOrder(['status'])).toEqual({ kind: 'status' });
  });

  test('tells how it is used', () => {
    for (const word of ['--help', '-h']) {
      const order = readOrder(['kafka', word]);
      expect(order).toMatchObject({ kind: 'help' });
      for (const name of [...SERVICE_NAMES, 'stop', 'status']) expect(JSON.stringify(order)).toContain(name);
    }
  });

  test('refuses a name that it does not know, and tells those that it does', () => {
    expect(readOrder(['redis', 'mysql', 'stop'])).toEqual({
      kind: 'refused',
      reason:
        'no service is called mysql, stop: name some of postgres, postgres-replica, redis, redis-cluster, kafka, ' +
        'toxiproxy and prometheus, or one of all, stop, status.',
    });
  });
});
