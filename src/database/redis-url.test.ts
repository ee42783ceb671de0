import { describe, expect, it } from 'vitest';

import { nameServers, readRedisUrl, type RedisAddress } from './redis-url.ts';

function addressOf(text: string, isCluster = false): RedisAddress {
  const result = readRedisUrl(text, isCluster);
  if (!result.ok) throw new Error(result.error);
  return result.address;
}

describe('the URL of Redis', () => {
  it('is read with a default for all but the host', () => {
    expect(addressOf('redis://cache')).toEqual({
      servers: [{ host: 'cache', port: 6379 }],
      isTls: false,
      user: '',
      password: '',
      database: 0,
    });
  });

  it('is read whole', () => {
    expect(addressOf(' rediss://gavel:p%40ss%2C%25@[::1]:7000/15 ')).toEqual({
      servers: [{ host: '::1', port: 7000 }],
      isTls: true,
      user: 'gavel',
      password: 'p@ss,%',
      database: 15,
    });
    expect(addressOf('redis://:secret@cache/')).toMatchObject({ user: '', password: 'secret', database: 0 });
  });

  it('names the nodes of a cluster with commas between', () => {
    const address = addressOf('redis://:x@a, redis://:x@b:7001,redis://:x@c:7002/0', true);
    expect(address.password).toBe('x');
    expect(nameServers(address)).toBe('a:6379, b:7001, c:7002');
  });

  it.each([
    ['', 'is not of the form redis://'],
    ['localhost:6379', 'must begin with redis:// or rediss://'],
    ['http://localhost', 'must begin with redis:// or rediss://'],
    ['redis://', 'names no host'],
    ['redis:///3', 'names no host'],
    ['redis://a:99999', 'is not of the form'],
    ['redis://a/db0', 'must end with the host, the port or the number of a database'],
    ['redis://a/1/2', 'must end with the host, the port or the number of a database'],
    ['redis://a?db=2', 'has a part behind ? or #'],
    ['redis://a/#2', 'has a part behind ? or #'],
    ['redis://u:100%@a', 'has a % in its user or password'],
    ['redis://a,', 'is not of the form'],
    ['redis://a,b', 'is not of the form'],
    ['redis://a/1,redis://b/1', 'names a database'],
    ['redis://a,redis://b/1', 'names nodes with different schemes, users, passwords or databases'],
    ['redis://a,rediss://b', 'names nodes with different'],
    ['redis://:x@a,redis://:y@b', 'names nodes with different'],
    ['redis://u:x@a,redis://v:x@b', 'names nodes with different'],
  ])('%j %s', (text, error) => {
    expect(readRedisUrl(text)).toEqual({ ok: false, error: expect.stringContaining(error) as string });
  });

  it('of a cluster names no database', () => {
    expect(readRedisUrl('redis://a/1').ok).toBe(true);
    expect(readRedisUrl('redis://a/1', true)).toMatchObject({
      error: expect.stringContaining('database 0') as string,
    });
  });

  it('is never repeated where it is refused', () => {
    for (const text of [
      'redis://u:secret@',
      'secret://u:secret@a',
      'redis://u:secret@a/secret',
      'redis://u:secret%@a',
    ]) {
      const result = readRedisUrl(text);
      expect(result.ok).toBe(false);
      expect(JSON.stringify(result)).not.toContain('secret');
    }
  });
});
