// `sluice costs`: what was spent, as a table for people and as JSON for scripts.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { runCommand } from '../support/cli-run.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const WEB_KEY = 'the-key-of-web';
const GATEWAY_KEY = 'the-key-of-the-gateway';
const DAY = /^\d{4}-\d\d-\d\d$/;

let sluice: SluiceProcess;
beforeAll(async () => {
  sluice = await startSluice({
    config: {
      server: { keys: [GATEWAY_KEY], project_keys: { web: [WEB_KEY] } },
      costs: {
        pricing_overrides: { 'simulator/echo*': { input_per_million: 1e6, output_per_million: 1e6 } },
      },
    },
  });
  await ask('simulator/echo,fast', WEB_KEY);
  await ask('simulator/echo,fast', GATEWAY_KEY);
  await ask('simulator/text,fast', GATEWAY_KEY);
});
afterAll(() => sluice[Symbol.asyncDispose]());

async function ask(model: string, key: string, url = sluice.url): Promise<void> {
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': key },
    body: JSON.stringify({ model, max_tokens: 50, messages: [{ role: 'user', content: 'one two three' }] }),
  });
  await response.text();
}

const costs = (...args: string[]) =>
  runCommand(['costs', '--url', sluice.url, '--key', GATEWAY_KEY, ...args]);

interface Answer {
  since: string | null;
  by: string;
  total: Record<string, number>;
  entries: Record<string, string | number | null>[];
}

async function readCosts(...args: string[]): Promise<Answer> {
  const { code, out, err } = await costs('--json', ...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as Answer;
}

const sumOf = ({ entries }: Answer) => entries.reduce((sum, { cost_usd }) => sum + Number(cost_usd), 0);

test('each day of the last week, the last of them today', async () => {
  const answer = await readCosts();
  expect(answer).toMatchObject({ by: 'day', total: { requests: 3, unpriced_requests: 1 } });
  expect(answer.entries.length).toBe(8);
  expect(answer.entries.every(({ day }) => DAY.test(String(day)))).toBe(true);
  expect(sumOf(answer)).toBe(answer.total.cost_usd ?? 0);
  const { out } = await costs();
  const [head, columns, ...days] = out.split('\n');
  expect(head).toMatch(
    /^since .+: \$[\d,.]+ for 3 requests, 1 of them unpriced; \d+ prompt tokens, 0 % of them from caches, \d+ of output$/,
  );
  expect(columns?.trim().split(/ {2,}/)).toEqual([
    'day (UTC)',
    'cost',
    'requests',
    'prompt tokens',
    'from caches',
    'output tokens',
  ]);
  expect(days.length).toBe(1);
  expect(days[0]).toMatch(/^ {2}\d{4}-\d\d-\d\d +\$[\d,.]+ +3 +\d+ +0 % +\d+$/);
});

test('by model: the dearest first, and one whose price is not known says so', async () => {
  const { entries } = await readCosts('--by', 'model', '--since', '1h');
  expect(entries).toEqual([
    expect.objectContaining({ provider: 'simulator', model: 'echo,fast', requests: 2, unpriced_requests: 0 }),
    expect.objectContaining({ provider: 'simulator', model: 'text,fast', requests: 1, unpriced_requests: 1 }),
  ]);
  const { out } = await costs('--by', 'model');
  expect(out).toMatch(/\n {2}simulator {2}text,fast +unpriced +1 /);
});

test('by project: whose key it was, and what was spent without one', async () => {
  const answer = await readCosts('--by', 'project', '--since', 'all');
  expect(answer.since).toBeNull();
  expect(answer.entries).toEqual([
    expect.objectContaining({ project: 'web', requests: 1, unpriced_requests: 0 }),
    expect.objectContaining({ project: null, requests: 2, unpriced_requests: 1 }),
  ]);
  for (const key of ['requests', 'input_tokens', 'output_tokens'])
    expect(answer.entries.reduce((sum, entry) => sum + Number(entry[key]), 0)).toBe(
      answer.total[key] ?? Number.NaN,
    );
  expect(sumOf(answer)).toBeCloseTo(answer.total.cost_usd ?? 0);
  const { out } = await costs('--by', 'project');
  expect(out).toMatch(/\n {2}web +\$[\d,.]+ +1 +\d+ +0 % +\d+\n {2}no project +\$[\d,.]+ +2 +\d+ +0 % +\d+$/);
});

test('by day and provider', async () => {
  const { entries } = await readCosts('--by', 'day,provider');
  expect(entries.every(({ day, provider }) => DAY.test(String(day)) && provider === 'simulator')).toBe(true);
  expect((await costs('--by', 'day,provider')).out).toMatch(
    /\n {2}\d{4}-\d\d-\d\d +simulator +\$[\d,.]+ +3 +\d+ +0 % +\d+$/,
  );
});

test('with a project’s key it is what that project has spent', async () => {
  const own = (...args: string[]) => runCommand(['costs', '--url', sluice.url, '--key', WEB_KEY, ...args]);
  for (const by of ['day', 'model', 'project']) {
    const { code, out } = await own('--by', by, '--json');
    const { total, entries } = JSON.parse(out) as Answer;
    expect([code, total.requests]).toEqual([0, 1]);
    expect(entries.at(-1)).toMatchObject({ requests: 1, cost_usd: total.cost_usd });
  }
  expect((await own('--by', 'model')).out).toMatch(
    /\n {2}model +cost .*\n {2}echo,fast +\$[\d,.]+ +1 [^\n]+$/,
  );
});

test('where nothing was asked it says so', async () => {
  await using idle = await startSluice();
  const { code, out } = await runCommand(['costs', '--url', idle.url, '--since', '1h']);
  expect(code).toBe(0);
  expect(out).toMatch(/^nothing was asked since \d{4}-\S+$/);
});

test('where no price is known there is no cost, and it says so', async () => {
  await using unpriced = await startSluice();
  await ask('simulator/fast', 'none', unpriced.url);
  const { out } = await runCommand(['costs', '--url', unpriced.url]);
  expect(out).toMatch(/^since \d{4}-\S+: 1 request, 1 of them unpriced; \d+ prompt tokens/);
  const byProvider = await runCommand(['costs', '--url', unpriced.url, '--by', 'provider']);
  expect(byProvider.out).toMatch(/\n {2}provider +cost .*\n {2}simulator {2}unpriced +1 +\d+ +0 % +\d+$/);
});

test('a gateway without a ledger knows none', async () => {
  await using forgetful = await startSluice({ config: { audit: { enabled: false } } });
  expect(await runCommand(['costs', '--url', forgetful.url])).toEqual({
    code: 1,
    out: '',
    err: 'error: this gateway keeps no ledger (audit.enabled), so that its costs are not known',
  });
});

test('a gateway of an older version, not restarted since, does not pass for one where nothing was spent', async () => {
  const summary = { total_requests: 2, total_cost_usd: 3, unpriced_requests: 0 };
  const named = { by_agent: { reviewer: 3 } };
  const day = { start: '2026-11-29T00:00:00.000Z', ...summary, ...named };
  const page = { audit_enabled: true, window: { since: null }, summary, ...named, series: [day] };
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => Response.json(page) });
  try {
    for (const by of ['agent', 'day,agent'])
      expect(
        await runCommand(['costs', '--by', by, '--url', `http://127.0.0.1:${server.port}`]),
      ).toMatchObject({ code: 1, out: '', err: expect.stringContaining('is older than this program') });
  } finally {
    await server.stop(true);
  }
});

test('nor does one tell of a parameter that nobody gave', async () => {
  const message = 'step: no such parameter; there are since, recent_limit';
  const refuse = () => Response.json({ error: { code: 'invalid_request', message } }, { status: 400 });
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: refuse });
  try {
    expect(await runCommand(['costs', '--url', `http://127.0.0.1:${server.port}`])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/answered 400: step: .+ is older than this program: restart it/),
    });
  } finally {
    await server.stop(true);
  }
});

test('the dearest come first, and last what has no name, however much that cost', async () => {
  const spent = (project: string | null, cost_usd: number) => ({ project, cost_usd, requests: 1 });
  const page = {
    audit_enabled: true,
    window: { since: null },
    summary: { total_requests: 4, total_cost_usd: 14 },
    projects: [spent('a', 2), spent(null, 8), spent('b', 1), spent('c', 3)],
  };
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => Response.json(page) });
  try {
    const url = `http://127.0.0.1:${server.port}`;
    const { out } = await runCommand(['costs', '--by', 'project', '--json', '--url', url]);
    const { entries } = JSON.parse(out) as Answer;
    expect(entries.map(({ project }) => project)).toEqual(['c', 'a', 'b', null]);
  } finally {
    await server.stop(true);
  }
});

test('models beyond those that the gateway lists are summed up', async () => {
  const model = { provider: 'lab', model: 'one', requests: 3, cost_usd: 1, unpriced_requests: 0 };
  const tokens = { input_tokens: 25, output_tokens: 1, cache_read_tokens: 50, cache_write_tokens: 25 };
  const page = {
    audit_enabled: true,
    window: { since: null },
    summary: {
      total_requests: 5,
      total_cost_usd: 1.5,
      unpriced_requests: 1,
      total_input_tokens: 25,
      total_output_tokens: 1,
      total_cache_read_tokens: 50,
      total_cache_write_tokens: 25,
    },
    models: [{ ...model, ...tokens }],
  };
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => Response.json(page) });
  try {
    const { out } = await runCommand(['costs', '--by', 'model', '--url', `http://127.0.0.1:${server.port}`]);
    expect(out.split('\n')).toEqual([
      'since the beginning: $1.50 for 5 requests, 1 of them unpriced; 100 prompt tokens, 50 % of them from caches, 1 of output',
      '  provider  model   cost  requests  prompt tokens  from caches  output tokens',
      '  lab       one    $1.00         3            100         50 %              1',
      '  other models, or none: $0.50 for 2 requests, 1 of them unpriced',
    ]);
  } finally {
    await server.stop(true);
  }
});

describe('a wrong command line says what is meant', () => {
  const WHAT = '--by must be day, model, provider, agent, project, or day and one of these: day,model; not ';
  const WHEN =
    '--since must be a duration such as 15m, 1h30m or 7d, or a time in ISO-8601 or Unix seconds, or "all"; not "yesterday"';
  test.each([
    [['--by', 'week'], `${WHAT}"week"`],
    [['--by', 'model,day'], `${WHAT}"model,day"`],
    [['--by', 'key'], `${WHAT}"key"; whose key it was says project (server.project_keys)`],
    [['--since', 'yesterday'], WHEN],
  ])('%j', async (args, message) => {
    const { code, err } = await runCommand(['costs', ...args]);
    expect(code).toBe(2);
    expect(err.split('\n')[0]).toBe(`sluice: ${message}`);
  });
});
