import { describe, expect, test } from 'vitest';
import { readBrokers } from './kafka-brokers.ts';

describe('brokers in the configuration', () => {
  test.each([
    ['kafka:9092', ['kafka:9092']],
    ['127.0.0.1:9092', ['127.0.0.1:9092']],
    [' kafka-1.internal:9092 , kafka_2:65535 ', ['kafka-1.internal:9092', 'kafka_2:65535']],
    ['a:1,b:2,a:1', ['a:1', 'b:2']],
  ])('%j is understood', (text, brokers) => {
    expect(readBrokers(text)).toEqual({ ok: true, brokers });
  });

  test.each([
    ['', 'is empty'],
    ['kafka:9092,', 'is empty'],
    ['kafka', '"kafka" is not a broker'],
    ['kafka:', '"kafka:" is not a broker'],
    [':9092', '":9092" is not a broker'],
    ['kafka:0', '"kafka:0" is not a broker'],
    ['kafka:65536', '"kafka:65536" is not a broker'],
    ['kafka:9092/topic', 'is not a broker'],
    ['kafka://kafka:9092', 'is not a broker'],
    ['a:1 b:2', '"a:1 b:2" is not a broker'],
    ['a:1;b:2', '"a:1;b:2" is not a broker'],
    ['-a:1', '"-a:1" is not a broker'],
    ['[::1]:9092', '"[::1]:9092" is an IPv6 address'],
    ['good:1,bad', '"bad" is not a broker'],
  ])('%j is refused with a sentence', (text, part) => {
    expect(readBrokers(text)).toEqual({ ok: false, error: expect.stringContaining(part) as string });
  });
});
