/** What a person reads once the server listens. To standard error: standard output is for the log. */
import { tellCount } from './counted.ts';
import type { AdminKey } from './server/admin-key.ts';

interface Welcome {
  readonly port: number;
  /** How the outside reaches the server, which need not be a way from here. */
  readonly publicUrl: string;
  readonly adminKey: AdminKey;
  readonly isSeeded: boolean;
  readonly campaignCount: number;
  /** The campaign that the sample is for is served. */
  readonly hasDemo: boolean;
}

/** Answered with a bid by the demo campaigns. */
const SAMPLE_REQUEST =
  '{"id":"try-1","imp":[{"id":"1","banner":{"w":300,"h":250}}],' +
  '"site":{"domain":"news.example"},"device":{"os":"Android","geo":{"country":"USA"}}}';

export function printWelcome(welcome: Welcome): void {
  const { port, publicUrl, adminKey, isSeeded, campaignCount, hasDemo } = welcome;
  const localUrl = `http://localhost:${String(port)}`;
  const outside = publicUrl === localUrl ? '' : ` (from outside ${publicUrl})`;
  const lines = ['', `Gavel listens at ${localUrl}${outside} with ${tellCount(campaignCount, 'campaign')}.`];
  if (isSeeded) lines.push('The demo campaigns were loaded into a new data folder.');
  if (adminKey.file !== null) {
    lines.push(
      adminKey.isNew
        ? `A management key was made: ${adminKey.key} (kept in ${adminKey.file})`
        : `The management key is in ${adminKey.file}`,
    );
  }
  if (hasDemo) {
    lines.push(
      'Try it:',
      '',
      `  curl -s ${localUrl}/openrtb2/bid -H 'content-type: application/json' -d '${SAMPLE_REQUEST}'`,
    );
  } else if (campaignCount === 0) {
    lines.push('Nothing is bid until there are campaigns: docs/campaigns.md shows how to put one in.');
  }
  process.stderr.write(`${lines.join('\n')}\n\n`);
}
