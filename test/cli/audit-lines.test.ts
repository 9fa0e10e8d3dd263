// `sluice daemon logs -f` while a gateway writes more rows at once than the command reads at once.
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import { NO_USAGE } from '../../src/model/usage.ts';
import { runCommand } from '../support/cli-run.ts';
import { sampleRow, sampleUsage } from '../support/ledger-rows.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HOME = temporaryFolder('lines');
afterAll(() => rmSync(HOME, { recursive: true }));

test('all of 1,250 requests that came between two looks are shown, each once and in order', async () => {
  const store = createSqliteStore(join(HOME, 'sluice.db'));
  const append = (from: number, to: number) =>
    store.append(
      Array.from({ length: to - from }, (_, index) => sampleRow({ requestId: `req_${from + index}` })),
    );
  const shown: string[] = [];
  const last = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  let press: (signal: string) => void = () => {};
  try {
    await append(0, 3);
    const following = runCommand(['daemon', 'logs', '-f', '-n', '2', '--json'], {
      environment: { SLUICE_HOME: HOME },
      out(line) {
        const { request_id } = JSON.parse(line) as { request_id: string };
        shown.push(request_id);
        if (request_id === 'req_2') begun.resolve();
        if (request_id === 'req_1252') last.resolve();
      },
      onSignal(handler) {
        press = handler;
      },
    });
    await begun.promise;
    await append(3, 1_253);
    await last.promise;
    press('SIGINT');
    expect((await following).code).toBe(0);
  } finally {
    await store.close();
  }
  expect(shown).toEqual(Array.from({ length: 1_252 }, (_, index) => `req_${index + 1}`));
});

test('each request is shown once, however long it ran beside newer ones', async () => {
  const home = mkdtempSync(join(HOME, 'long-'));
  const store = createSqliteStore(join(home, 'sluice.db'));
  const hour = 3_600_000;
  const begun = (requestId: string, timestamp: number) =>
    sampleRow({ requestId, timestamp: 10 * hour + timestamp });
  const shown: string[] = [];
  const steps = new Map(
    ['first', 'short', 'many_119', 'longest', 'conversation', 'end'].map((name) => [
      name,
      Promise.withResolvers<void>(),
    ]),
  );
  let press: (signal: string) => void = () => {};
  try {
    await store.append([begun('first', 1_000)]);
    const following = runCommand(['daemon', 'logs', '-f', '--json'], {
      environment: { SLUICE_HOME: home },
      out(line) {
        const { request_id } = JSON.parse(line) as { request_id: string };
        shown.push(request_id);
        steps.get(request_id)?.resolve();
      },
      onSignal(handler) {
        press = handler;
      },
    });
    await steps.get('first')?.promise;
    // In one look: what began first ends last.
    await store.append([begun('short', 3_000), begun('long', 2_000)]);
    await steps.get('short')?.promise;
    await store.append(Array.from({ length: 120 }, (_, index) => begun(`many_${index}`, 4_000 + index)));
    await steps.get('many_119')?.promise;
    await store.append([begun('longest', 1_500)]);
    await steps.get('longest')?.promise;
    await store.append([begun('conversation', -5 * hour)]);
    await steps.get('conversation')?.promise;
    await store.append([begun('end', 9_000)]);
    await steps.get('end')?.promise;
    press('SIGINT');
    await following;
  } finally {
    await store.close();
  }
  expect(shown.filter((id) => !id.startsWith('many_'))).toEqual([
    ...['first', 'long', 'short', 'longest'],
    ...['conversation', 'end'],
  ]);
  expect(shown).toHaveLength(126);
});

test.each([
  ['0', ['new']],
  ['1', ['newest', 'new']],
  ['3', ['early', 'long', 'newest', 'new']],
])(
  'with -n %s, one that ended last, though newer ones had begun, is not shown as new',
  async (lines, expected) => {
    const home = mkdtempSync(join(HOME, 'before-'));
    const store = createSqliteStore(join(home, 'sluice.db'));
    const shown: string[] = [];
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    let press: (signal: string) => void = () => {};
    const row = (requestId: string, timestamp: number) =>
      sampleRow({ requestId, timestamp: 36_000_000 + timestamp });
    try {
      await store.append([row('early', 0), row('newest', 2_000), row('long', 1_000)]);
      const following = runCommand(['daemon', 'logs', '-f', '-n', lines, '--json'], {
        environment: { SLUICE_HOME: home },
        out(line) {
          const { request_id } = JSON.parse(line) as { request_id: string };
          shown.push(request_id);
          if (request_id === 'new') end.resolve();
        },
        onSignal(handler) {
          press = handler;
          begun.resolve();
        },
      });
      await begun.promise;
      await store.append([row('new', 3_000)]);
      await end.promise;
      press('SIGINT');
      await following;
    } finally {
      await store.close();
    }
    expect(shown).toEqual(expected);
  },
);

test('new requests are shown behind those of a clock that was far ahead', async () => {
  const home = mkdtempSync(join(HOME, 'ahead-'));
  const store = createSqliteStore(join(home, 'sluice.db'));
  const shown: string[] = [];
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  let press: (signal: string) => void = () => {};
  try {
    await store.append([sampleRow({ requestId: 'ahead', timestamp: Date.now() + 86_400_000 })]);
    const following = runCommand(['daemon', 'logs', '-f', '--json'], {
      environment: { SLUICE_HOME: home },
      out(line) {
        const { request_id } = JSON.parse(line) as { request_id: string };
        shown.push(request_id);
        if (request_id === 'ahead') begun.resolve();
        if (request_id === 'end') end.resolve();
      },
      onSignal(handler) {
        press = handler;
      },
    });
    await begun.promise;
    await store.append([sampleRow({ requestId: 'now', timestamp: Date.now() })]);
    await store.append([sampleRow({ requestId: 'end', timestamp: Date.now() + 172_800_000 })]);
    await end.promise;
    press('SIGINT');
    await following;
  } finally {
    await store.close();
  }
  expect(shown).toEqual(['ahead', 'now', 'end']);
});

test('a price that is unknown is “unpriced”, one of tokens that were not reported is none', async () => {
  const home = mkdtempSync(join(HOME, 'words-'));
  const store = createSqliteStore(join(home, 'sluice.db'));
  const usage = sampleUsage({ inputTokens: 7, outputTokens: 3 });
  try {
    await store.append([
      sampleRow({ requestId: 'priced', usage, costUsd: 0.5 }),
      sampleRow({ requestId: 'unpriced', usage, costUsd: null }),
      sampleRow({ requestId: 'untold', usage: NO_USAGE, usageKnown: false, costUsd: null }),
    ]);
  } finally {
    await store.close();
  }
  const { out } = await runCommand(['daemon', 'logs'], { environment: { SLUICE_HOME: home } });
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.split('  ').slice(5, 7)),
  ).toEqual([
    ['7→3 tokens', '$0.500000'],
    ['7→3 tokens', 'unpriced'],
    ['– tokens', '–'],
  ]);
});

test('times are on the clock of the machine, in JSON in UTC', async () => {
  const home = mkdtempSync(join(HOME, 'zone-'));
  const store = createSqliteStore(join(home, 'sluice.db'));
  const zone = process.env.TZ;
  try {
    await store.append([sampleRow()]);
    process.env.TZ = 'Asia/Kolkata';
    const environment = { SLUICE_HOME: home };
    const shown = await runCommand(['daemon', 'logs'], { environment });
    expect(shown.out).toStartWith('2026-01-02T08:34:05.678+05:30  success');
    const json = await runCommand(['daemon', 'logs', '--json'], { environment });
    expect(JSON.parse(json.out)).toMatchObject({ timestamp: '2026-01-02T03:04:05.678Z' });
  } finally {
    process.env.TZ = zone ?? 'Etc/UTC';
    await store.close();
  }
});

test('whose request it was, and what failed before what served', async () => {
  const home = mkdtempSync(join(HOME, 'who-'));
  const store = createSqliteStore(join(home, 'sluice.db'));
  const served = { provider: 'lab', model: 'small-1', status: 200, error: null, durationMs: 3 };
  const refused = {
    provider: 'far',
    model: 'big',
    status: 529,
    error: 'upstream_overloaded' as const,
    durationMs: 2,
  };
  const closed = {
    provider: 'shut',
    model: 'x',
    status: null,
    error: null,
    durationMs: 0,
    skipped: 'breaker_open' as const,
  };
  try {
    await store.append([
      sampleRow({ requestId: 'plain', agentType: null, projectId: null, attempts: [served] }),
      sampleRow({
        requestId: 'helped',
        agentType: 'coder',
        projectId: 'web',
        attempts: [refused, refused, closed, served],
      }),
      sampleRow({
        requestId: 'lost',
        status: 'error',
        agentType: null,
        projectId: 'web',
        attempts: [closed, refused],
      }),
    ]);
  } finally {
    await store.close();
  }
  const { out } = await runCommand(['daemon', 'logs'], { environment: { SLUICE_HOME: home } });
  const told = out
    .trimEnd()
    .split('\n')
    .map((line) => line.split('  ').filter((cell) => /^(after|agent|project) /.test(cell)));
  expect(told).toEqual([
    [],
    ['after far/big ×2, shut/x', 'agent coder', 'project web'],
    ['after shut/x', 'project web'],
  ]);
});

test('a ledger whose address is not known here is not an empty one', async () => {
  const home = mkdtempSync(join(HOME, 'unknown-'));
  const config = join(home, 'sluice.yaml');
  writeFileSync(config, 'audit: { store: env:LEDGER_URL }');
  const environment = { SLUICE_HOME: home };
  const { code, out, err } = await runCommand(['daemon', 'logs', '--config', config], { environment });
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err.split('\n')).toEqual([
    `error: ${config}:1: audit.store: environment variable LEDGER_URL is not set`,
    'error: the ledger cannot be read: the configuration, which may name another store, is not valid here',
  ]);
});
