import { expect, test } from 'vitest';
import { openTestSpool, spoolFolder } from './events/fixtures/spool-folder.ts';
import { followOwed } from './owed-calls.ts';

const SOON = { timeout: 20_000, interval: 20 };

test('what is owed is settled also after the thread of its spool has died', async () => {
  const threadFile = new URL('events/fixtures/dying-spool-thread.ts', import.meta.url);
  const spool = await openTestSpool(spoolFolder(), { threadFile });
  const settled = new Set<string>();
  const follower = followOwed(
    () => spool.connect('a'),
    (record) => {
      settled.add(Buffer.from(record).toString());
      return Promise.resolve('settled');
    },
  );
  await spool.append(Buffer.from('one'), 'money');
  await expect.poll(() => [...settled], SOON).toEqual(['one']);
  expect((await spool.append(Buffer.from('die'), 'money')).outcome).toBe('failed');
  await expect.poll(() => spool.isSound, SOON).toBe(true);
  await spool.append(Buffer.from('two'), 'money');
  await expect.poll(() => [...settled], SOON).toEqual(['one', 'two']);
  await follower.close();
  await spool.close();
});
