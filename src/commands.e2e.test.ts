/** The commands, and the examples of the documents, as people type them: beside a server that runs. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newDataDir, removeDataDir, startGavel, type GavelProcess } from './fixtures/gavel-process.ts';

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const ADVERTISER = 'c9bf9e57-1685-4c89-bafb-ff5af830be8a';
const CAMPAIGN = {
  name: 'Imported',
  advertiserId: ADVERTISER,
  bid: { model: 'cpm', amount: 2.5 },
  dailyBudget: 500,
  ads: [
    { title: 'x', imageUrl: 'https://x.example/a', redirectUrl: 'https://x.example', width: 1, height: 1 },
  ],
};

const dataDir = newDataDir();
let gavel: GavelProcess;

beforeAll(async () => {
  // Its own key, as at a first start.
  gavel = await startGavel(dataDir, { GAVEL_ADMIN_KEY: '' });
});
afterAll(async () => {
  await gavel.stop();
  removeDataDir(dataDir);
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(folder: string, ...args: string[]): Promise<Ended> {
  const environment = { PATH: process.env.PATH, GAVEL_DATA_DIR: join(folder, 'data') };
  try {
    const ended = await promisify(execFile)(process.execPath, [PROGRAM, ...args], {
      cwd: folder,
      env: environment,
    });
    return { code: 0, ...ended };
  } catch (error) {
    return error as Ended;
  }
}

async function ask(key: string, method: string, path: string, body?: object) {
  const response = await fetch(gavel.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

describe('the keys of `keys create`', () => {
  it('may what their role and their advertiser allow, until they are revoked', async () => {
    const [reader, agency] = [
      (await run(dataDir, 'keys', 'create', 'reporting', '--role', 'read')).stdout.trim(),
      (
        await run(dataDir, 'keys', 'create', 'agency', '--advertiser', ADVERTISER.toUpperCase())
      ).stdout.trim(),
    ];
    const other = { ...CAMPAIGN, advertiserId: '11111111-1111-4111-8111-111111111111' };
    const admin = readFileSync(join(dataDir, 'data/admin-key'), 'utf8').trim();
    const theirs = (await ask(admin, 'POST', '/campaigns', other)).body.id as string;
    const made = await ask(agency, 'POST', '/campaigns', CAMPAIGN);
    const mine = made.body.id as string;
    expect(made.status).toBe(201);

    expect((await ask(reader, 'GET', `/campaigns/${theirs}`)).status).toBe(200);
    for (const [method, path] of [
      ['POST', '/campaigns'],
      ['PUT', `/campaigns/${mine}`],
      ['PATCH', `/campaigns/${mine}`],
      ['DELETE', `/campaigns/${mine}`],
      ['POST', `/campaigns/${mine}/pause`],
      ['POST', `/campaigns/${mine}/ads`],
    ] as const)
      expect(await ask(reader, method, path, {})).toMatchObject({
        status: 403,
        body: { error: 'FORBIDDEN' },
      });

    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/resume'],
      ['GET', '/audit'],
    ] as const) {
      const hidden = await ask(
        agency,
        method,
        `/campaigns/${theirs}${path}`,
        method === 'GET' ? undefined : {},
      );
      expect([method, path, hidden.status]).toEqual([method, path, 404]);
    }
    const listed = await ask(agency, 'GET', '/campaigns');
    expect((listed.body.items as { id: string }[]).map(({ id }) => id)).toEqual([mine]);
    const none = await ask(agency, 'GET', `/campaigns?advertiserId=${other.advertiserId}`);
    expect(none.body).toEqual({ items: [], nextCursor: null });
    expect((await ask(agency, 'POST', '/campaigns', other)).status).toBe(403);
    expect(
      (await ask(agency, 'PATCH', `/campaigns/${mine}`, { advertiserId: other.advertiserId })).status,
    ).toBe(403);
    expect((await ask(agency, 'PATCH', `/campaigns/${mine}`, { name: 'Mine' })).status).toBe(200);
    const asked = { id: 'why', imp: [{ id: '1', banner: { w: 1, h: 1 } }], ext: { explain: 1 } };
    const told = async (key: string) => {
      const { ext } = (await ask(key, 'POST', '/openrtb2/bid', asked)).body as {
        ext?: { explain: { imps: { candidates: { campaignId: string }[] }[] } };
      };
      return ext?.explain.imps[0]?.candidates.map(({ campaignId }) => campaignId);
    };
    expect(await told(agency)).toEqual([mine]);
    for (const key of [reader, admin])
      expect(await told(key)).toEqual(expect.arrayContaining([mine, theirs]));
    expect(await told('no-key')).toBeUndefined();
    const audit = await ask(admin, 'GET', `/campaigns/${mine}/audit`);
    expect(audit.body.items).toMatchObject([{ actor: 'key:agency' }, { actor: 'key:agency' }]);

    expect((await run(dataDir, 'keys', 'revoke', 'agency')).code).toBe(0);
    expect((await ask(agency, 'GET', '/campaigns')).status).toBe(401);
    expect(await told(agency)).toBeUndefined();
    const { stdout } = await run(dataDir, 'keys', 'list');
    expect(stdout).toMatch(
      /^reporting\tread\tall advertisers\tcreated [^\t]*\nagency\tmanage\tc9bf.*\trevoked /,
    );
    expect(stdout).not.toContain(agency);
  });

  it('are not made by what is not understood', async () => {
    for (const args of [
      [],
      ['create'],
      ['create', 'x', '--role', 'owner'],
      ['create', 'x', '--advertiser', 'me'],
      ['create', 'two\nlines'],
      ['revoke', 'nobody'],
      ['list', 'x'],
      ['melt', 'x'],
    ])
      expect(await run(dataDir, 'keys', ...args)).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('a file of campaigns', () => {
  it('is imported whole or, told so, in part; and what is exported can be imported', async () => {
    const folder = newDataDir();
    const file = join(folder, 'campaigns.jsonl');
    writeFileSync(
      file,
      [CAMPAIGN, { ...CAMPAIGN, dailyBudget: -1, name: [] }, CAMPAIGN]
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    const told = 'line 2: name must be a text; dailyBudget must be above 0';
    expect(await run(folder, 'campaigns', 'validate', file)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(told) as unknown,
    });
    expect(await run(folder, 'campaigns', 'import', file)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('1 row is wrong. Nothing was imported') as unknown,
    });
    const partial = await run(folder, 'campaigns', 'import', file, '--partial');
    expect(partial).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('2 campaigns were imported') as unknown,
    });
    const out = join(folder, 'out.jsonl');
    expect((await run(folder, 'campaigns', 'export', out)).stdout).toMatch(/^2 campaigns were written/);
    expect((await run(folder, 'campaigns', 'validate', out)).stdout).toBe('All 2 campaigns are sound.\n');
    const [first = ''] = readFileSync(out, 'utf8').split('\n');
    const { id } = JSON.parse(first) as { id: string };
    const again = `line 1 is there already, as campaign ${id}: with another id, or none, it is imported as one more`;
    const refused = await run(folder, 'campaigns', 'import', out);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(again);
    expect(refused.stderr).toContain('2 rows are wrong. Nothing was imported');
    writeFileSync(file, `${first}\n${JSON.stringify({ ...CAMPAIGN, name: 'New' })}`);
    const rest = await run(folder, 'campaigns', 'import', file, '--partial');
    expect(rest.stderr).toContain(`${again}\n1 row is wrong. 1 campaign was imported.`);
    writeFileSync(out, readFileSync(out, 'utf8').replaceAll(/"id":"[^"]*",/g, ''));
    expect((await run(folder, 'campaigns', 'import', out)).stdout).toBe(
      '2 campaigns were imported. 2 of them have names of campaigns that their advertisers have already.\n',
    );
    expect((await run(folder, 'campaigns', 'export', out)).stdout).toMatch(/^5 campaigns were written/);
    expect(readFileSync(out, 'utf8').trim().split('\n').length).toBe(5);
    const sheet = join(folder, 'out.csv');
    expect((await run(folder, 'campaigns', 'export', sheet)).stdout).toMatch(
      /^5 campaigns .* a row an ad\.\n$/,
    );
    expect((await run(folder, 'campaigns', 'import', sheet)).stderr).toMatch(
      /^gavel: row 2 is there already/,
    );
    const rows = readFileSync(sheet, 'utf8');
    writeFileSync(sheet, rows.replace(',2.5,', ',-1,'));
    expect(await run(folder, 'campaigns', 'import', sheet)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/row 2: bid.amount must be above 0\n1 row is wrong. Nothing/) as unknown,
    });
    writeFileSync(
      sheet,
      rows.replaceAll(/^[\da-f-]{36},/gm, (id) => `copy of ${id}`),
    );
    expect((await run(folder, 'campaigns', 'import', sheet)).stdout).toMatch(
      /^5 campaigns were imported\. 5/,
    );
    const nowhere = join(folder, 'no/such.jsonl');
    const missing = 'can not be written: there is no such file or folder';
    expect(await run(folder, 'campaigns', 'export', nowhere)).toMatchObject({
      code: 1,
      stderr: `gavel: ${nowhere} ${missing}\n`,
    });
    expect(await run(folder, 'campaigns', 'import', nowhere)).toMatchObject({
      code: 1,
      stderr: `gavel: ${nowhere} can not be read: there is no such file or folder\n`,
    });
    expect(existsSync(join(folder, 'out.jsonl.unfinished'))).toBe(false);
    removeDataDir(folder);
  });

  it('is served by the server beside which it was imported', async () => {
    const file = join(dataDir, 'campaigns.json');
    writeFileSync(
      file,
      JSON.stringify([{ ...CAMPAIGN, ads: [{ ...CAMPAIGN.ads[0], width: 77, height: 77 }] }]),
    );
    expect(await run(dataDir, 'campaigns', 'import', file)).toMatchObject({
      code: 0,
      stdout: '1 campaign was imported.\n',
    });
    const admin = readFileSync(join(dataDir, 'data/admin-key'), 'utf8').trim();
    // The next change that is answered is served together with all before it.
    expect((await ask(admin, 'POST', '/campaigns', CAMPAIGN)).status).toBe(201);
    const bid = await fetch(`${gavel.url}/openrtb2/bid`, {
      method: 'POST',
      body: JSON.stringify({ id: 'x', imp: [{ id: '1', banner: { w: 77, h: 77 } }] }),
    });
    expect(bid.status).toBe(200);
  });
});

describe('--help', () => {
  it('tells every command, and does none', async () => {
    for (const args of [
      ['--help'],
      ['topics', '--help'],
      ['consume', '-h'],
      ['campaigns', 'import', '--help'],
    ]) {
      const told = await run(dataDir, ...args);
      expect(told).toMatchObject({ code: 0, stderr: '' });
      for (const command of ['serve', 'consume', 'topics', 'keys create', 'campaigns import FILE']) {
        expect(told.stdout).toContain(command);
      }
    }
  });
});

describe('the examples', () => {
  /** The `sh` blocks of a document's section, in one shell, in which curl fails where the server refuses. */
  async function typed(document: string, section: RegExp): Promise<string> {
    const text = readFileSync(new URL(`../${document}`, import.meta.url), 'utf8');
    const part = section.exec(text)?.[0] ?? '';
    const blocks = [...part.matchAll(/```sh\n([^]*?)```/g)].map(([, block]) => block ?? '');
    expect(blocks.length).toBeGreaterThan(0);
    const script = blocks.join('\n').replaceAll('http://localhost:8080', gavel.url);
    const shell = `set -eu; curl() { command curl --fail-with-body -w '\\n' "$@"; }\n${script}`;
    return (await promisify(execFile)('sh', ['-c', shell], { cwd: dataDir })).stdout;
  }

  it('of docs/campaigns.md work from the first to the last', async () => {
    const lines = (await typed('docs/campaigns.md', /## By HTTP[^]*?\n### /)).trim().split('\n');
    const [list, patched, paused, resumed, ad, audit] = lines.map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    );
    expect((list?.items as unknown[]).length).toBeGreaterThan(0);
    expect(patched).toMatchObject({ name: 'Spring', bid: { amount: 3 } });
    expect([paused?.status, resumed?.status]).toEqual(['paused', 'active']);
    expect(ad).toMatchObject({ width: 728, status: 'active' });
    expect((audit?.items as { action: string }[]).map(({ action }) => action)).toEqual([
      'add ad',
      'resume',
      'pause',
      'patch',
      'create',
    ]);
  });

  it('of the README: a campaign is created, bid for and paused', async () => {
    const lines = (await typed('README.md', /```sh\nKEY=[^]*?```\n/)).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { id: 'try-3', seatbid: [{ bid: [{ price: 2.5 }] }] },
      { name: 'Spring', status: 'paused' },
      { id: 'try-3', nbr: 502 },
    ]);
  });
});
