import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

import { exportLines, quote } from './environment.ts';

describe('the lines for the shell', () => {
  test('stand in the order of the list, and the management key with them', () => {
    const lines = exportLines({
      endpoints: { REDIS_URL: 'redis://127.0.0.1:1', DATABASE_URL: 'postgres://u:p@127.0.0.1:2/d' },
      adminKey: 'key',
    });
    expect(lines).toBe(
      "export DATABASE_URL='postgres://u:p@127.0.0.1:2/d'\n" +
        "export REDIS_URL='redis://127.0.0.1:1'\n" +
        "export GAVEL_ADMIN_KEY='key'\n",
    );
  });

  test('mean to a shell exactly the value, whatever is in it', () => {
    const value = `a'b"c$HOME \`id\` \\ !x;&|\t#é`;
    expect(execFileSync('sh', ['-c', `printf %s ${quote(value)}`], { encoding: 'utf8' })).toBe(value);
  });
});
