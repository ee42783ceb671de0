import { expect, test } from 'vitest';
import { adEvent } from '../events/fixtures/random-events.ts';
import { createKeeper, MAX_WAITING } from './keeper.ts';

test('behind a ledger whose disk hangs so many calls wait, and what is beyond is owed at once', async () => {
  let goOn = (): void => undefined;
  const hanging = new Promise<void>((resolve) => (goOn = resolve));
  const recorded: string[] = [];
  const keeper = createKeeper(
    { saved: () => hanging },
    {
      record({ eventId }) {
        recorded.push(eventId);
        return Promise.resolve('kept');
      },
    },
  );
  const waiting = Array.from({ length: MAX_WAITING }, (_, number) =>
    keeper.keep(adEvent({ eventId: String(number) }), 'with_ledger'),
  );
  expect(await keeper.keep(adEvent({ eventId: 'beyond' }), 'with_ledger')).toBe('not_kept');
  expect([keeper.fateOf('beyond'), recorded]).toEqual(['owed', []]);
  goOn();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['kept']));
  expect(await keeper.keep(adEvent({ eventId: 'beyond' }), 'with_ledger')).toBe('kept');
  expect([recorded.length, recorded.at(-1)]).toEqual([MAX_WAITING + 1, 'beyond']);
});
