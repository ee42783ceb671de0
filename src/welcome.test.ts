import { afterEach, expect, test, vi } from 'vitest';
import { printWelcome } from './welcome.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function welcome(publicUrl: string, told: { campaignCount?: number; hasDemo?: boolean } = {}): string {
  let text = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const adminKey = { key: 'a-management-key', file: null, isNew: false };
  printWelcome({
    port: 8081,
    publicUrl,
    adminKey,
    isSeeded: false,
    campaignCount: 3,
    hasDemo: true,
    ...told,
  });
  return text;
}

test('what is to be tried goes to this machine, wherever the outside reaches the server', () => {
  const text = welcome('https://ads.example');
  expect(text).toContain('listens at http://localhost:8081 (from outside https://ads.example)');
  expect(text).toContain('curl -s http://localhost:8081/openrtb2/bid');
});

test('the public URL is not named twice where it is the local one', () => {
  const text = welcome('http://localhost:8081');
  expect(text).toContain('listens at http://localhost:8081 with 3 campaigns');
});

test('the sample is for the demo campaigns: where they are not served, it is not told', () => {
  const text = welcome('http://localhost:8081', { campaignCount: 1, hasDemo: false });
  expect(text).toContain('with 1 campaign.');
  expect(text).not.toContain('curl');
});
