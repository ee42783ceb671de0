import { afterEach, expect, test, vi } from 'vitest';
import { printWelcome } from './welcome.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function welcome(publicUrl: string): string {
  let text = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const adminKey = { key: 'a-management-key', file: null, isNew: false };
  printWelcome({ port: 8081, publicUrl, adminKey, isSeeded: false, campaignCount: 3 });
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
