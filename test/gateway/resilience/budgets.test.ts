// A budget that is used up (`costs.budgets`): what it would pay for is not asked; what is free, or paid from another, is.
import { afterEach, describe, expect, test } from 'bun:test';
import type { Budget } from '../../../src/config/resolved.ts';
import { createBudgets } from '../../../src/gateway/budgets.ts';
import { BUDGETS_READ_AGAIN, BUDGETS_UNREAD } from '../../../src/ledger/budgets/read-spending.ts';
import type { ConfigInput } from '../../../src/index.ts';
import type { LedgerStore } from '../../../src/ledger/store.ts';
import { jsonReply } from '../../support/reply.ts';
import { sampleRow } from '../../support/ledger-rows.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { ASK, createFallbackLab, expectSettled, failure, PATHS } from '../../support/fallback-lab.ts';

afterEach(expectSettled);

type Budgets = NonNullable<NonNullable<ConfigInput['costs']>['budgets']>;
type Script = Parameters<typeof createFallbackLab>[0]['script'];

/** 7 tokens in and 3 out of each answer: one dollar. */
const DOLLAR = { input_per_million: 100_000, output_per_million: 100_000 };
const FREE = { input_per_million: 0, output_per_million: 0 };

function setup(
  budgets: Budgets,
  {
    script = { one: ['works'] },
    prices = { '*': DOLLAR },
    config = {},
  }: Partial<{
    script: Script;
    prices: Record<string, typeof DOLLAR>;
    config: Partial<ConfigInput>;
  }> = {},
) {
  const lab = createFallbackLab({
    script,
    config: { costs: { pricing_overrides: prices, budgets }, ...config },
  });
  const ask = (more: object = {}, path = '/v1/messages', headers: Record<string, string> = {}) =>
    lab.answered(lab.post(path, { ...ASK, ...more }, { headers }));
  const last = async () => {
    await lab.timers.advance(1_000);
    return lab.rows.at(-1);
  };
  return { ...lab, ask, last, end: () => lab.gateway.close() };
}

for (const path of PATHS)
  for (const stream of [true, false])
    test(`${path}, ${stream ? 'streamed' : 'whole'}: 429 with the time until its next period, and a row`, async () => {
      const { ask, asked, last, end } = setup([{ limit_usd: 2, per: 'day' }]);
      for (let n = 0; n < 2; n++) expect((await ask({ stream }, path)).response.status).toBe(200);
      const { response, text } = await ask({ stream }, path);
      expect(response.status).toBe(429);
      // The lab's clock stands a moment after midnight.
      expect(Number(response.headers.get('retry-after'))).toBeWithin(86_000, 86_401);
      expect(response.headers.get('x-should-retry')).toBe('false');
      expect(text).toContain('the budget of 2 USD a day is used up (2.00 USD spent)');
      expect(text).toContain(path === '/v1/messages' ? 'rate_limit_error' : 'insufficient_quota');
      expect(asked).toEqual(['one', 'one']);
      expect(await last()).toMatchObject({
        status: 'error',
        httpStatus: 429,
        errorCode: 'budget_exceeded',
        provider: null,
        costUsd: null,
        attempts: [{ provider: 'one', skipped: 'budget_spent', error: 'budget_exceeded', status: null }],
      });
      await end();
    });

test('where each target counts towards it, it is told once', async () => {
  const { ask, last, end } = setup([{ limit_usd: 1, per: 'day' }], {
    script: { one: ['works'], two: ['works'] },
  });
  await ask();
  const { text } = await ask();
  expect(text.match(/the budget of 1 USD a day/g)).toHaveLength(1);
  expect((await last())?.attempts.map(({ provider }) => provider)).toEqual(['one', 'two']);
  await end();
});

test('the next period starts from zero', async () => {
  const { ask, timers, end } = setup([{ limit_usd: 1, per: 'hour' }]);
  expect((await ask()).response.status).toBe(200);
  expect((await ask()).response.status).toBe(429);
  await timers.advance(3_600_000);
  expect((await ask()).response.status).toBe(200);
  await end();
});

describe('who is asked then', () => {
  const BOTH: Script = { one: ['works'], two: ['works'], three: ['works'] };

  test('the next target that another budget pays for', async () => {
    const { ask, asked, last, end } = setup([{ limit_usd: 1, per: 'day', provider: 'one' }], {
      script: BOTH,
    });
    await ask();
    const { response } = await ask();
    expect(response.headers.get('x-sluice-provider')).toBe('two');
    expect(asked).toEqual(['one', 'two']);
    expect((await last())?.attempts).toMatchObject([
      { provider: 'one', skipped: 'budget_spent' },
      { error: null },
    ]);
    await end();
  });

  test('a target that costs nothing; one whose price nobody knows is none', async () => {
    const prices = { 'one/*': DOLLAR, 'three/*': FREE };
    const { ask, asked, end } = setup([{ limit_usd: 1, per: 'day' }], { script: BOTH, prices });
    await ask();
    await ask();
    expect(asked).toEqual(['one', 'three']);
    await end();
  });

  test('where it leaves one target, that is the last resort: even by a key that was refused', async () => {
    const script: Script = { one: [failure(401), 'works'], two: ['works'] };
    const { ask, asked, end } = setup([{ limit_usd: 0, per: 'day', provider: 'two' }], { script });
    expect((await ask()).response.status).toBe(401);
    expect((await ask()).response.status).toBe(200);
    expect(asked).toEqual(['one', 'one']);
    await end();
  });

  test('a limit of 0 lets only pass what is free', async () => {
    const { ask, asked, end } = setup([{ limit_usd: 0, per: 'month' }], {
      script: BOTH,
      prices: { 'two/*': FREE, '*': DOLLAR },
    });
    await ask();
    expect(asked).toEqual(['two']);
    await end();
  });

  test('the client gets the error of a target that was asked and failed', async () => {
    const { ask, end } = setup([{ limit_usd: 0, per: 'day', provider: 'two' }], {
      script: { one: [failure(500, 'out of order')], two: ['works'] },
    });
    const { response, text } = await ask();
    expect(response.status).toBe(502);
    expect(text).toContain('out of order');
    await end();
  });

  test('nobody beside a slow one, where only such targets are left to hedge with', async () => {
    const { post, timers, asked, end, gateway } = setup([{ limit_usd: 0, per: 'day', provider: 'two' }], {
      script: { one: ['works'], two: ['works'] },
      config: { routing: { default_provider: 'one', fallback_chain: ['two'], hedge_after: '100ms' } },
    });
    const response = await post('/v1/messages', { ...ASK, stream: true });
    await response.text();
    await timers.advance(500);
    expect(asked).toEqual(['one']);
    expect(gateway.activeStreams()).toBe(0);
    await end();
  });
});

test('/metrics has their limits and what is gone', async () => {
  const { ask, gateway, end } = setup([
    { limit_usd: 1, per: 'day' },
    { limit_usd: 9, per: 'month', agent: 'coder', project: 'web', provider: 'one', model: 'served' },
  ]);
  await ask();
  const page = await (await gateway.fetch(new Request('http://127.0.0.1:8088/metrics'))).text();
  const names = 'per="day",each="",agent="",project="",provider="",model=""';
  expect(page).toContain(`sluice_budget_limit_usd{${names}} 1\n`);
  expect(page).toContain(`sluice_budget_spent_usd{${names}} 1\n`);
  expect(page).toContain(
    'sluice_budget_limit_usd{per="month",each="",agent="coder",project="web",provider="one",model="served"} 9\n',
  );
  await end();
});

test('a reload changes limits, and forgets nothing that was spent', async () => {
  const { ask, reload, end } = setup([{ limit_usd: 1, per: 'day' }]);
  const change = (budgets: Budgets) => reload({ costs: { pricing_overrides: { '*': DOLLAR }, budgets } });
  await ask();
  expect((await ask()).response.status).toBe(429);
  change([{ limit_usd: 2, per: 'day' }]);
  expect((await ask()).response.status).toBe(200);
  expect((await ask()).response.status).toBe(429);
  change([]);
  expect((await ask()).response.status).toBe(200);
  await end();
});

test('a reload changes the prices of later requests, and of what they count', async () => {
  const { ask, reload, rows, last, end } = setup([{ limit_usd: 100, per: 'day' }]);
  await ask();
  const costs = { input_per_million: 300_000, output_per_million: 300_000 };
  reload({ costs: { pricing_overrides: { '*': costs }, budgets: [{ limit_usd: 4, per: 'day' }] } });
  expect((await ask()).response.status).toBe(200);
  expect((await ask()).response.status).toBe(429);
  await last();
  expect(rows.map(({ costUsd }) => costUsd)).toEqual([1, 3, null]);
  await end();
});

test('agents and projects have their own, by field or header', async () => {
  const { ask, end } = setup([
    { limit_usd: 1, per: 'day', agent: 'coder' },
    { limit_usd: 1, per: 'day', project: 'web*' },
  ]);
  const status = async (more: object, headers: Record<string, string> = {}) =>
    (await ask(more, '/v1/messages', headers)).response.status;
  expect(await status({ agent_type: 'coder' })).toBe(200);
  expect(await status({ agent_type: 'coder' })).toBe(429);
  expect(await status({}, { 'x-sluice-agent': 'coder' })).toBe(429);
  expect(await status({ agent_type: 'writer' })).toBe(200);
  expect(await status({ project_id: 'web-2' })).toBe(200);
  expect(await status({ project_id: 'web-3' })).toBe(429);
  expect(await status({})).toBe(200);
  await end();
});

test('counting tokens costs nothing, and goes on', async () => {
  const { ask, end } = setup([{ limit_usd: 0, per: 'day' }], {
    script: { one: [jsonReply({ input_tokens: 7 })] },
  });
  const { response } = await ask({}, '/v1/messages/count_tokens');
  expect(response.status).toBe(200);
  await end();
});

test('the library is bound by them as well', async () => {
  const { gateway, end } = setup([{ limit_usd: 0, per: 'day' }]);
  const events = gateway.stream({
    model: 'm',
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
  });
  expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'budget_exceeded' });
  await end();
});

test('each project has the limit for itself, those without a name one together', async () => {
  const { ask, gateway, end } = setup([
    { limit_usd: 1, per: 'day', each: 'project' },
    { limit_usd: 9, per: 'day' },
  ]);
  const status = async (more: object) => (await ask(more)).response.status;
  expect(await status({ project_id: 'web' })).toBe(200);
  const refused = await ask({ project_id: 'web' });
  expect(refused.response.status).toBe(429);
  expect(refused.text).toContain('the budget of 1 USD a day, project web, is used up');
  expect(await status({ project_id: 'data' })).toBe(200);
  expect(await status({})).toBe(200);
  expect((await ask()).text).toContain('the budget of 1 USD a day, project without a name, is used up');

  const page = await (await gateway.fetch(new Request('http://127.0.0.1:8088/metrics'))).text();
  for (const labels of [
    'each="project",agent="",project="web"',
    'each="project",agent="",project=""',
    'each="",agent="",project=""',
  ])
    expect(
      page.split('\n').filter((line) => line.startsWith(`sluice_budget_spent_usd{per="day",${labels},`)),
    ).toHaveLength(1);
  await end();
});

test('a name that has two for itself, all names one and those of a glob another, is in /metrics once', async () => {
  // A series stands on a page once: of two Prometheus drops one, whichever comes later.
  const { ask, gateway, end } = setup([
    { limit_usd: 9, per: 'day', each: 'project' },
    { limit_usd: 2, per: 'day', each: 'project', project: 'web-*' },
    { limit_usd: 5, per: 'day', each: 'project', project: '*' },
  ]);
  for (const project_id of ['web-1', 'data']) await ask({ project_id });
  const page = await (await gateway.fetch(new Request('http://127.0.0.1:8088/metrics'))).text();
  const limits = page.split('\n').filter((line) => line.startsWith('sluice_budget_limit_usd{'));
  const of = (project: string) =>
    `per="day",each="project",agent="",project="${project}",provider="",model=""`;
  expect(limits.sort()).toEqual([
    `sluice_budget_limit_usd{${of('data')}} 5`,
    `sluice_budget_limit_usd{${of('web-1')}} 2`,
  ]);
  await end();
});

describe('in one process', () => {
  const DAY: Budget = {
    limitUsd: 2,
    per: 'day',
    each: null,
    agent: null,
    project: null,
    provider: null,
    model: null,
  };
  const WHO = { agentType: 'coder', projectId: null, provider: 'one', model: 'm' };
  const spending = (costUsd: number) => [{ ...WHO, costUsd, unpriced: 0 }];

  function begin(read: () => Promise<ReturnType<typeof spending>>) {
    const timers = createManualTimers(Date.UTC(2026, 10, 27, 13));
    const reports: number[][] = [];
    const logged: unknown[] = [];
    const budgets = createBudgets(
      {
        ...timers,
        log: (level, message, fields) => logged.push([level, message, fields]),
        fleet: { spent: (added) => reports.push(added.map(({ spentUsd }) => spentUsd)) },
      },
      { store: { spending: read } as unknown as LedgerStore },
    );
    const spend = (costUsd: number | null) =>
      budgets.see(sampleRow({ ...WHO, timestamp: timers.now(), costUsd, usageKnown: false }));
    const spent = () => budgets.states().map(({ spentUsd }) => spentUsd);
    return { budgets, timers, reports, logged, spend, spent };
  }

  test('what the ledger has counts from the start, and where budgets are new', async () => {
    const { budgets, timers, spent } = begin(async () => spending(3));
    budgets.configure([DAY], () => 1);
    await timers.advance(0);
    expect(spent()).toEqual([3]);
    budgets.configure([DAY, { ...DAY, agent: 'coder' }], () => 1);
    await timers.advance(0);
    expect(spent()).toEqual([3, 3]);
    budgets.stop();
    expect(timers.pending()).toBe(0);
  });

  test('a ledger that cannot be read is reported in the log', async () => {
    const { budgets, timers, logged } = begin(() => Promise.reject(new Error('no such disk')));
    budgets.configure([DAY], () => 1);
    await timers.advance(0);
    expect(logged).toEqual([['warn', BUDGETS_UNREAD, { error: 'no such disk' }]]);
    budgets.stop();
  });

  test('health is degraded until it can be read, and the log says that it was', async () => {
    let isAway = true;
    const reader = () => (isAway ? Promise.reject(new Error('no such disk')) : Promise.resolve(spending(3)));
    const { budgets, timers, logged, spent } = begin(reader);
    expect(budgets.unread()).toBeNull();
    budgets.configure([DAY], () => 1);
    await timers.advance(0);
    expect(budgets.unread()).toBe('no such disk');
    expect(spent()).toEqual([0]);
    isAway = false;
    await timers.advance(10_000);
    expect(budgets.unread()).toBeNull();
    expect(spent()).toEqual([3]);
    expect(logged.at(-1)).toEqual(['info', BUDGETS_READ_AGAIN, undefined]);
    isAway = true;
    await timers.advance(10_000);
    expect(budgets.unread()).toBe('no such disk');
    budgets.configure([], () => 1);
    expect(budgets.unread()).toBeNull();
    budgets.stop();
  });

  test('spending is shared with the others in batches, and at once on request', async () => {
    const { budgets, timers, reports, spend } = begin(async () => []);
    spend(1);
    expect(timers.pending()).toBe(0);
    budgets.configure([DAY], () => 1);
    spend(1);
    spend(null);
    await timers.advance(50);
    spend(2);
    expect(reports).toEqual([]);
    await timers.advance(50);
    expect(reports).toEqual([[3]]);
    spend(4);
    budgets.flush();
    budgets.flush();
    expect(reports).toEqual([[3], [4]]);
    await timers.advance(200);
    expect(reports).toEqual([[3], [4]]);
    spend(5);
    await timers.advance(100);
    expect(reports).toEqual([[3], [4], [5]]);
    spend(6);
    budgets.stop();
    expect(reports).toEqual([[3], [4], [5], [6]]);
    expect(timers.pending()).toBe(0);
  });
});

test('a name that rows do not show is bound by what they show in its place', async () => {
  const { ask, end } = setup([{ limit_usd: 1, per: 'day', each: 'project' }]);
  const project_id = `sk-ant-api03-${'a1B2'.repeat(8)}`;
  expect((await ask({ project_id })).response.status).toBe(200);
  const { response, text } = await ask({ project_id });
  expect(response.status).toBe(429);
  expect(text).toContain('project [redacted], is used up');
  await end();
});
