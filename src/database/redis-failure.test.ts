import { describe, expect, it } from 'vitest';

import { describeFailure, interpretFailure } from './redis-failure.ts';

const OPEN = { password: '', isTls: false };

/** As Redis 7 words it. */
function reply(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

describe('the sentence for a failure', () => {
  it.each([
    [reply('LOADING Redis is loading the dataset in memory'), 'is still loading its data'],
    [reply("READONLY You can't write against a read only replica."), 'is a replica that takes no writes'],
    [
      reply('READONLY Can not run script with write flag on readonly replica.'),
      'is a replica that takes no writes',
    ],
    [
      reply("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
      'is a replica',
    ],
    [reply('MOVED 3999 127.0.0.1:6381'), 'is a node of a cluster: set GAVEL_REDIS_CLUSTER=1'],
    [reply('CLUSTERDOWN The cluster is down'), 'has lost a part of its slots'],
    [reply('ERR This instance has cluster support disabled'), 'is no cluster: unset GAVEL_REDIS_CLUSTER'],
    [reply('NOAUTH Authentication required.'), 'asks for a password'],
    [
      reply('WRONGPASS invalid username-password pair or user is disabled.'),
      'refuses the user or the password',
    ],
    [
      reply("NOPERM this user has no permissions to run the 'eval' command"),
      'forbids its user to run scripts',
    ],
    [
      reply(
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
      ),
      'see its log',
    ],
    [reply("OOM command not allowed when used memory > 'maxmemory'."), 'reached its maxmemory'],
    [reply('NOREPLICAS Not enough good replicas to write.'), 'too few replicas'],
    [reply('BUSY Redis is busy running a script.'), 'is held up by a script'],
    [
      reply("ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'"),
      'is older than version 7',
    ],
    [
      Object.assign(new Error('connect EHOSTUNREACH 10.0.0.9:6379'), { code: 'EHOSTUNREACH' }),
      'there is no route',
    ],
    [Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }), 'refuses connections'],
    [
      Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      'NODE_EXTRA_CA_CERTS',
    ],
    [
      new Error('write EPROTO 40:error:0A00010B:SSL routines:ssl3_get_record:wrong version number'),
      'speaks no TLS',
    ],
    ['ECONNRESET', 'has closed the connection'],
    ['something new', 'fails: something new'],
  ])('%s', (error, sentence) => {
    expect(describeFailure('cache:6379', error, OPEN)).toContain(`Redis at cache:6379 `);
    expect(describeFailure('cache:6379', error, OPEN)).toContain(sentence);
  });

  it('never shows the password', () => {
    const error = reply("ERR unknown command 'AUTH', with args beginning with: 'secret' 'secret'");
    expect(describeFailure('cache:6379', error, { ...OPEN, password: 'secret' })).toBe(
      "Redis at cache:6379 fails: ERR unknown command 'AUTH', with args beginning with: '***' '***'",
    );
  });
});

describe('what a failed call means', () => {
  it.each([
    [reply('LOADING Redis is loading the dataset in memory'), 'away'],
    [reply("READONLY You can't write against a read only replica."), 'away'],
    [reply('CLUSTERDOWN Hash slot not served'), 'away'],
    [reply('MOVED 3999 127.0.0.1:6381'), 'away'],
    [new Error("Stream isn't writeable and enableOfflineQueue options is false"), 'away'],
    [new Error('Too many Cluster redirections. Last error: ReplyError: MOVED 1 a:1'), 'away'],
    [new Error('Connection is closed.'), 'late'],
    [new Error('Reached the max retries per request limit (which is 0).'), 'late'],
    [new Error('read ECONNRESET'), 'late'],
    [reply("CROSSSLOT Keys in request don't hash to the same slot"), 'fault'],
    [reply('WRONGTYPE Operation against a key holding the wrong kind of value'), 'fault'],
    [reply('ERR user_script:1: attempt to index a nil value'), 'fault'],
  ])('%s', (error, meaning) => {
    expect(interpretFailure(error)).toBe(meaning);
  });
});
