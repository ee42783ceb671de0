import { describe, expect, it } from 'vitest';
import { createTokenSigner } from '../auction/crypto-token.ts';
import { openCaps } from '../ledger/embedded-caps.ts';
import { openLedger } from '../ledger/embedded.ts';
import { openMemoryJournal } from '../ledger/memory-journal.ts';
import { createSeller } from './selling.ts';

const signer = createTokenSigner([{ number: 1, key: Buffer.alloc(64, 1) }], Buffer.alloc(32));

function seller(publicUrl: string): unknown {
  const ledger = openLedger({ journal: openMemoryJournal(), nowMs: 0 });
  const caps = openCaps(openMemoryJournal());
  return createSeller({ publicUrl, signer, ledger, caps, onSpent: () => undefined });
}

describe('the seller', () => {
  it.each(['https://ads.example', 'http://localhost:8080/a%22b', 'https://[2001:db8::1]:8443/gavel'])(
    'takes %s as the address of its URLs',
    (publicUrl) => {
      expect(() => seller(publicUrl)).not.toThrow();
    },
  );

  it.each([
    'https://ads.example/a"b',
    'https://ads.example/a\\b',
    'https://ads.example/<b>',
    'https://ads.example/ü',
    "https://ads.example/a'b",
    'https://ads.example/a b',
  ])('refuses %s, which neither JSON nor markup could hold as it is', (publicUrl) => {
    expect(() => seller(publicUrl)).toThrow('GAVEL_PUBLIC_URL');
  });
});
