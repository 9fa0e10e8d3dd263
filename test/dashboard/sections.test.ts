// The sections “Providers” and “Requests” in a real browser: connections as they come and go, pages that stay put.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Browser } from 'playwright-core';
import { hasBrowser, launchBrowser, openPage } from '../support/browser.ts';
import { ask, openDashboard } from '../support/dashboard.ts';
import { startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

describe.skipIf(!hasBrowser)('sections', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  test('a provider shows its open connections, and how many of them wait', async () => {
    let answer: (response: Response) => void = () => {};
    const upstream = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Promise<Response>((resolve) => (answer = resolve)),
    });
    const lab = {
      dialect: 'anthropic-messages' as const,
      base_url: `http://127.0.0.1:${upstream.port}`,
      api_key: 'k',
      max_retries: 0,
    };
    try {
      await using sluice = await startSluice({ config: { providers: { simulator: {}, lab } } });
      await using opened = await openDashboard(browser, sluice.url);
      const { page, complaints } = opened;
      const facts = (name: string) => page.locator('#provider-list li', { hasText: name }).locator('.facts');
      await facts('lab').filter({ hasText: 'in flight' }).waitFor();
      expect(await facts('lab').innerText()).toBe('0 in flight');
      const response = ask(sluice.url, { model: 'lab/m', stream: false });
      await facts('lab').filter({ hasText: '1 in flight · 1 open connection, 0 idle' }).waitFor();
      answer(Response.json({ error: { type: 'invalid_request_error', message: 'no' } }, { status: 400 }));
      await (await response).text();
      await facts('lab').filter({ hasText: '0 in flight · 1 open connection, 1 idle' }).waitFor();
      expect(await facts('simulator').innerText()).toBe('0 in flight');
      expect(complaints).toEqual([]);
    } finally {
      await upstream.stop(true);
    }
  });

  test('an open breaker shows how long, a half-open one only its state', async () => {
    const closedPort = 'http://127.0.0.1:9';
    const down = (openFor: string) => ({
      dialect: 'anthropic-messages' as const,
      base_url: closedPort,
      api_key: 'k',
      max_retries: 0,
      breaker: { failures: 1, open_for: openFor },
    });
    const providers = { simulator: {}, long: down('1h'), short: down('1ms') };
    await using sluice = await startSluice({ config: { providers } });
    for (const model of ['long/m', 'short/m']) await (await ask(sluice.url, { model })).text();
    await using opened = await openDashboard(browser, sluice.url);
    const condition = (name: string) =>
      opened.page.locator('#provider-list li', { hasText: name }).locator('.condition');
    await condition('long')
      .filter({ hasText: /^breaker open, .+ left$/ })
      .waitFor();
    expect(await condition('short').innerText()).toBe('breaker half-open');
    expect(opened.complaints).toEqual([]);
  });

  test('providers that fail, or refuse their key, come first, and the head counts them', async () => {
    const upstream = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: ({ url }) =>
        url.includes('/spent/')
          ? Response.json({ error: { message: 'no credit is left' } }, { status: 402 })
          : Response.json({ error: { message: 'no such key' } }, { status: 401 }),
    });
    const of = (base_url: string) => ({
      dialect: 'anthropic-messages' as const,
      base_url,
      api_key: 'k',
      max_retries: 0,
    });
    const providers = {
      simulator: {},
      refused: of(`http://127.0.0.1:${upstream.port}`),
      spent: of(`http://127.0.0.1:${upstream.port}/spent`),
      down: { ...of('http://127.0.0.1:9'), breaker: { failures: 1, open_for: '1h' } },
    };
    try {
      await using sluice = await startSluice({ config: { providers } });
      await using opened = await openDashboard(browser, sluice.url);
      const { page, complaints } = opened;
      await page.locator('#health', { hasText: 'Healthy' }).waitFor();
      for (const model of ['refused/m', 'spent/m', 'down/m']) await (await ask(sluice.url, { model })).text();
      await page.reload();
      await page.locator('#health[data-state="warn"]', { hasText: '3 providers failing' }).waitFor();
      const rows = page.locator('#provider-list li');
      await rows.nth(3).waitFor();
      expect(await rows.locator('strong').allInnerTexts()).toEqual(['refused', 'spent', 'down', 'simulator']);
      expect(await rows.first().locator('.condition').innerText()).toBe('key refused');
      expect(await rows.nth(1).locator('.condition').innerText()).toBe('quota used up');
      expect(await rows.first().locator('.last-error').innerText()).toContain('no such key');
      expect(complaints).toEqual([]);
    } finally {
      await upstream.stop(true);
    }
  });

  test('what failed last, and why, is told below the totals, and leads to its details', async () => {
    await using sluice = await startSluice({ config: { providers: { simulator: { max_retries: 0 } } } });
    await using opened = await openDashboard(browser, sluice.url);
    const { page, complaints } = opened;
    const line = page.locator('#last-failure');
    await line.filter({ hasText: 'No request has failed.' }).waitFor();
    await (
      await ask(sluice.url, { model: 'simulator/fast,fault=400', agent: 'reviewer', project: 'web' })
    ).text();
    await line.filter({ hasText: 'simulated failure: HTTP 400' }).waitFor();
    await (await ask(sluice.url, { model: 'simulator/fast' })).text();
    await page.locator('#request-rows tr').nth(1).waitFor();
    expect(await line.innerText()).toMatch(
      /^Last failure [\d:]+\s, details\s simulator · fast,fault=400 · reviewer · web · upstream_rejected: simulator: simulated failure: HTTP 400$/,
    );
    await line.getByRole('button').click();
    await page.locator('#detail[open]', { hasText: 'simulated failure: HTTP 400' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('a provider shows every dialect in which it is asked, also after a change', async () => {
    const openai = { api_key: 'k' };
    await using sluice = await startSluice({ config: { providers: { simulator: {}, openai } } });
    await using opened = await openDashboard(browser, sluice.url);
    const { page, complaints } = opened;
    const spoken = (name: string) => page.locator('#provider-list li', { hasText: name }).locator('.speaks');
    await spoken('openai').filter({ hasText: 'openai-chat, openai-responses' }).waitFor();
    expect(await spoken('simulator').innerText()).toBe('every dialect');
    sluice.writeConfig({
      providers: { simulator: {}, openai: { ...openai, dialect: 'openai-chat' } },
    });
    await spoken('openai')
      .filter({ hasText: /^openai-chat$/ })
      .waitFor();
    expect(complaints).toEqual([]);
  });

  test('a model without a price is unpriced, also where some of its requests failed; a free one is free, and a name for which no provider was asked has no cost', async () => {
    const providers = { simulator: { max_retries: 0 } };
    const rate_limits = [{ requests: 1, per: 'day', project: 'of-text' }] as const;
    const dear = { input_per_million: 1e6, output_per_million: 1e6 };
    const free = { input_per_million: 0, output_per_million: 0 };
    const costs = { pricing_overrides: { 'simulator/text': dear, 'simulator/tools': free } };
    await using sluice = await startSluice({ config: { providers, costs, rate_limits: [...rate_limits] } });
    for (const body of [
      { project_id: 'of-fast' },
      { simulator: 'fault=400' },
      { model: 'simulator/text', project_id: 'of-text' },
      { model: 'simulator/tools' },
      // One more than it may.
      { model: 'simulator/text', project_id: 'of-text' },
    ]) {
      const response = await fetch(`${sluice.url}/v1/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'simulator/fast',
          max_tokens: 5,
          messages: [{ role: 'user', content: 'hi' }],
          ...body,
        }),
      });
      await response.text();
    }
    await using opened = await openDashboard(browser, sluice.url);
    const { page, complaints } = opened;
    const priceOf = async (model: string) => {
      const row = page.locator('#model-rows tr', { hasText: model });
      const bar = page.locator('#cost-bars li', { hasText: model }).locator('.figure');
      return [await row.locator('td').last().innerText(), await bar.innerText()];
    };
    await page.locator('#model-rows tr').nth(1).waitFor();
    expect(await priceOf('fast')).toEqual(['unpriced', 'unpriced']);
    for (const shown of await priceOf('text')) expect(shown).toMatch(/^\$[1-9]/);
    const names = await page.locator('#cost-bars .bar-name').allInnerTexts();
    expect(names.toSorted()).toEqual(['fast', 'text', 'tools']);
    await page.locator('label:has(input[name=cost][value=provider])').click();
    await page
      .locator('#cost-bars li', { hasText: 'simulator' })
      .filter({ hasText: /\$[1-9]/ })
      .waitFor();
    await page.locator('label:has(input[name=cost][value=project])').click();
    await page.locator('#cost-bars li', { hasText: 'of-fast' }).filter({ hasText: 'unpriced' }).waitFor();
    await page
      .locator('#cost-bars li', { hasText: 'of-text' })
      .filter({ hasText: /\$[1-9]/ })
      .waitFor();
    expect(complaints).toEqual([]);
  });

  test('budgets show what is gone of them, and which are used up', async () => {
    const dollars = { input_per_million: 1_000_000, output_per_million: 1_000_000 };
    const config = {
      costs: {
        pricing_overrides: { 'simulator/*': dollars },
        budgets: [
          { limit_usd: 1, per: 'day' as const, agent: 'coder-*' },
          { limit_usd: 1_000_000, per: 'month' as const },
        ],
      },
    };
    await using sluice = await startSluice({ config });
    await using opened = await openDashboard(browser, sluice.url);
    const { page, complaints } = opened;
    const bars = page.locator('#budget-bars li');
    await bars.nth(1).waitFor();
    expect(await bars.allInnerTexts()).toEqual([
      'This day, agent coder-*\n$0 of $1.00',
      'This month\n$0 of $1,000,000.00',
    ]);
    await (await ask(sluice.url, { model: 'simulator/fast', agent: 'coder-1' })).text();
    const spent = bars.filter({ hasText: 'used up' });
    await spent.waitFor();
    expect(await spent.innerText()).toMatch(/^This day, agent coder-\*\n\$[\d,.]+ of \$1\.00, used\sup$/);
    expect(await spent.getAttribute('data-state')).toBe('spent');
    expect(await bars.nth(1).getAttribute('data-state')).toBe('open');
    await (await ask(sluice.url, { model: 'simulator/fast', agent: 'coder-1' })).text();
    sluice.writeConfig({});
    await page.locator('#budget-bars').waitFor({ state: 'hidden' });
    await page.locator('#request-rows tr[data-state="error"]').getByRole('button').click();
    const served = page.locator('#detail dl div', { hasText: 'Served by' }).locator('dd');
    expect(await served.innerText()).toBe('nobody');
    expect(complaints).toEqual([]);
  });

  test('rate limits show what is in use of them, and which are reached', async () => {
    const rate_limits = [
      { requests: 1, per: 'day' as const, agent: 'coder-*' },
      // Of which one is free again after nine seconds, so that the page has time to show what is in use.
      { tokens: 10_000, per: 'day' as const, each: 'project' as const },
      { concurrent: 5 },
    ];
    await using sluice = await startSluice({ config: { rate_limits } });
    await using opened = await openDashboard(browser, sluice.url);
    const { page, complaints } = opened;
    const bars = page.locator('#rate-limit-bars li');
    await bars.nth(1).waitFor();
    expect(await bars.allInnerTexts()).toEqual([
      'Requests per day, agent coder-*\n0 of 1',
      'Requests at once\n0 of 5',
    ]);
    await (await ask(sluice.url, { model: 'simulator/fast', agent: 'coder-1' })).text();
    const reached = bars.filter({ hasText: 'reached' });
    await reached.waitFor();
    expect(await reached.innerText()).toBe('Requests per day, agent coder-*\n1 of 1, reached');
    expect(await reached.getAttribute('data-state')).toBe('spent');
    // Tokens are counted when the answer has ended, which may be after the request was.
    const tokens = bars.filter({ hasText: 'Tokens' });
    await tokens.waitFor();
    expect(await tokens.innerText()).toMatch(/^Tokens per day, project –\n\d+ of 10K$/);
    sluice.writeConfig({});
    await page.locator('#rate-limit-bars').waitFor({ state: 'hidden' });
    expect(complaints).toEqual([]);
  });

  test('a budget of each of many agents: those below the edge are reached by keys', async () => {
    const budgets = [{ limit_usd: 1, per: 'day' as const, each: 'agent' as const }];
    const pricing_overrides = { 'simulator/*': { input_per_million: 1, output_per_million: 1 } };
    await using sluice = await startSluice({ config: { costs: { pricing_overrides, budgets } } });
    await Promise.all(
      Array.from({ length: 40 }, async (_, agent) =>
        (await ask(sluice.url, { model: 'simulator/fast', agent: `agent-${agent}` })).text(),
      ),
    );
    await using opened = await openDashboard(browser, sluice.url);
    const { page, complaints } = opened;
    await page.locator('#budget-bars li').nth(39).waitFor();
    expect(await page.locator('#budget-bars').getAttribute('tabindex')).toBe('0');
    sluice.writeConfig({ costs: { budgets: [{ limit_usd: 1, per: 'day' }] } });
    await page.locator('#budget-bars:not([tabindex])').waitFor();
    expect(complaints).toEqual([]);
  });

  test('on a phone a budget’s name has room beside long figures', async () => {
    const budgets = [{ limit_usd: 1000, per: 'month' as const }];
    await using sluice = await startSluice({ config: { costs: { budgets } } });
    await (await ask(sluice.url, { model: 'simulator/fast' })).text();
    await using opened = await openDashboard(browser, sluice.url, { width: 320 });
    const budget = opened.page.locator('#budget-bars li', { hasText: '1 unpriced' });
    const name = await budget.getByText('This month').boundingBox();
    const line = await budget.getByText('unpriced').boundingBox();
    expect(name?.width).toBeGreaterThan(100);
    expect(await budget.locator('.figure').textContent()).toBe('$0 of $1,000.00, 1\u00a0unpriced');
    expect((line?.x ?? 0) + (line?.width ?? 0)).toBeLessThan(320);
    expect(opened.complaints).toEqual([]);
  });

  test('whose a request was is seen on a phone too; where nobody is named there is no line', async () => {
    await using sluice = await startSluice();
    await (await ask(sluice.url, { model: 'simulator/fast', agent: 'reviewer' })).text();
    await (await ask(sluice.url, { model: 'simulator/fast', project: 'web' })).text();
    await (await ask(sluice.url, { model: 'simulator/fast' })).text();
    await using opened = await openDashboard(browser, sluice.url, { width: 390 });
    const { page, complaints } = opened;
    await page.locator('#request-rows tr').nth(2).waitFor();
    expect(await page.locator('#request-rows .names:visible').allInnerTexts()).toEqual([
      'fast\nsimulator',
      'fast\nsimulator',
      'web',
      'fast\nsimulator',
      'reviewer',
    ]);
    expect(complaints).toEqual([]);
  });

  test('of more than a hundred models it says that there may be more', async () => {
    await using sluice = await startSluice();
    const asked = async (from: number, to: number) => {
      for (let model = from; model < to; model++)
        await (await ask(sluice.url, { model: `simulator/fast,m${model}`, stream: false })).text();
    };
    await asked(0, 99);
    await using opened = await openDashboard(browser, sluice.url);
    const { page, complaints } = opened;
    const tokens = page.locator('#tiles > div', { hasText: 'Tokens out' });
    await tokens.filter({ hasText: /from 99 models$/ }).waitFor();
    expect(await page.locator('#more-models').innerText()).toBe('Show all 99');
    await asked(99, 101);
    await tokens.filter({ hasText: /from 100 models or more$/ }).waitFor();
    expect(await page.locator('#more-models').innerText()).toBe('Show the first 100');
    expect(complaints).toEqual([]);
  });

  test('the bar of where the time went is full, however short the time', async () => {
    await using sluice = await startSluice();
    await (await ask(sluice.url, { model: 'nobody/m' })).text();
    await using opened = await openPage(browser);
    const { page, complaints } = opened;
    await page.route('**/gateway/audit?*', async (route) => {
      const response = await route.fetch();
      const { entries, ...rest } = await response.json();
      const short = { latency_ms: 0.25, gateway_ms: 0.25, provider_ms: 0, client_ms: 0, back_off_ms: 0 };
      await route.fulfill({
        response,
        json: { ...rest, entries: entries.map((row: object) => ({ ...row, ...short })) },
      });
    });
    await page.goto(sluice.url);
    await page.locator('#request-rows button').first().click();
    const share = page.locator('.time-bar [data-share="gateway"]');
    await share.waitFor();
    const [part, whole] = await Promise.all([share.boundingBox(), page.locator('.time-bar').boundingBox()]);
    expect(part?.width).toBe(whole?.width ?? 0);
    expect(complaints).toEqual([]);
  });

  test('older pages stay put while requests come in; the first page shows them', async () => {
    await using sluice = await startSluice();
    for (let sent = 0; sent < 30; sent += 1) {
      const response = await ask(sluice.url, {
        model: 'simulator/fast',
        agent: `agent-${sent}`,
        stream: false,
      });
      await response.text();
    }
    await using opened = await openDashboard(browser, sluice.url);
    const { page, complaints } = opened;
    const shown = page.locator('#page');
    await shown.filter({ hasText: '1 – 25 of 30' }).waitFor();
    await page.getByRole('button', { name: 'Older' }).click();
    await shown.filter({ hasText: '26 – 30 of 30' }).waitFor();
    expect(await page.locator('#request-rows tr').first().innerText()).toContain('agent-4');
    const asked = page.waitForResponse((response) => response.url().includes('/gateway/audit'));
    await (await ask(sluice.url, { model: 'simulator/fast', agent: 'late', stream: false })).text();
    await (await asked).finished();
    await page.locator('#tiles', { hasText: '31' }).waitFor();
    expect(await shown.innerText()).toBe('26 – 30 of 30');
    expect(await page.locator('#request-rows tr').first().innerText()).toContain('agent-4');
    await page.getByRole('button', { name: 'Newer' }).click();
    await shown.filter({ hasText: '1 – 25 of 31' }).waitFor();
    expect(await page.locator('#request-rows tr').first().innerText()).toContain('late');
    expect(complaints).toEqual([]);
  });

  test('a degraded gateway says why, in the words of its health', async () => {
    await using sluice = await startSluice();
    await using opened = await openPage(browser);
    const { page, complaints } = opened;
    await page.route('**/gateway/health', async (route) => {
      const health = await (await fetch(`${sluice.url}/gateway/health`)).json();
      const reasons = ['the budgets cannot be read: the store is out of order', 'TLS is off <b>'];
      await route.fulfill({ json: { ...Object(health), status: 'degraded', reasons } });
    });
    await page.goto(sluice.url);
    const notices = page.locator('#health-notices li');
    await notices.nth(1).waitFor();
    expect(await notices.allInnerTexts()).toEqual([
      'The budgets cannot be read: the store is out of order.',
      'TLS is off <b>.',
    ]);
    expect(complaints).toEqual([]);
  });

  test.each([2, -2])('“Today” is the gateway’s, whose clock is %d days off the browser’s', async (days) => {
    await using sluice = await startSluice();
    await (await ask(sluice.url, { model: 'simulator/fast', stream: false })).text();
    await using opened = await openPage(browser);
    const { page, complaints } = opened;
    await page.clock.setFixedTime(Date.now() + days * 86_400_000);
    const asked = page.waitForRequest((request) => request.url().includes('/gateway/metrics'));
    await page.goto(sluice.url);
    const since = new URL((await asked).url()).searchParams.get('since') ?? '';
    const ago = Date.now() - Date.parse(since);
    expect([ago > 0, ago < 25 * 3_600_000]).toEqual([true, true]);
    await page.locator('#tiles div', { hasText: 'Requests' }).filter({ hasText: '0 % failed' }).waitFor();
    expect(await page.locator('#failure-notices li').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});
