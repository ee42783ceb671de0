import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createLog, openLines } from './logs.ts';

function collect(level: string): { lines: Record<string, unknown>[]; log: ReturnType<typeof createLog> } {
  const lines: Record<string, unknown>[] = [];
  const log = createLog(level, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  return { lines, log };
}

describe('the log', () => {
  test('writes a line of JSON with level, time and fields, before the call returns', () => {
    const { lines, log } = collect('info');
    log.warn({ requestId: 'r1', traceId: 't1' }, 'slow');
    expect(lines).toEqual([
      {
        level: 'warn',
        time: expect.any(String) as string,
        pid: process.pid,
        requestId: 'r1',
        traceId: 't1',
        msg: 'slow',
      },
    ]);
  });

  test('leaves out what is below its level', () => {
    const { lines, log } = collect('warn');
    log.info({}, 'quiet');
    log.error({}, 'loud');
    expect(lines.map((line) => line.msg)).toEqual(['loud']);
  });

  test('tells an error with its message and stack, and keeps keys to itself', () => {
    const { lines, log } = collect('debug');
    log.error({ err: new Error('broken'), headers: { authorization: 'Bearer hunter2' } }, 'failed');
    expect(lines[0]!.err).toMatchObject({
      type: 'Error',
      message: 'broken',
      stack: expect.stringContaining('logs.test') as string,
    });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  test('tells of what stands outside with its reason in one line, without a stack', () => {
    const { lines, log } = collect('debug');
    const refused = new AggregateError([new Error('connect ECONNREFUSED ::1:5'), new Error('127.0.0.1:5')]);
    for (const err of [new Error('two\n  lines'), refused, 'a text']) log.warn({ err, place: 'p' }, 'away');
    expect(lines.map(({ reason, place, err }) => [reason, place, err])).toEqual([
      ['two lines', 'p', undefined],
      ['connect ECONNREFUSED ::1:5; 127.0.0.1:5', 'p', undefined],
      ['a text', 'p', undefined],
    ]);
  });

  test('that can not be written, as on a full disk, throws at nobody', () => {
    const readOnly = openSync(devNull, 'r');
    const log = createLog('info', openLines(readOnly));
    for (const line of ['one', 'two']) expect(() => log.info({}, line)).not.toThrow();
    closeSync(readOnly);
  });
});
