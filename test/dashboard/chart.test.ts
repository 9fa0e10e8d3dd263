// The chart of the dashboard in a real browser: its columns, in the browser's time zone, and what they show.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { hasBrowser, launchBrowser } from '../support/browser.ts';
import { ask, openDashboard } from '../support/dashboard.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const HOUR_MS = 3_600_000;

describe.skipIf(!hasBrowser)('chart', () => {
  let browser: Browser;
  let sluice: SluiceProcess;

  beforeAll(async () => {
    browser = await launchBrowser();
    const costs = {
      pricing_overrides: { 'simulator/text': { input_per_million: 1e6, output_per_million: 0 } },
    };
    sluice = await startSluice({ config: { providers: { simulator: { max_retries: 0 } }, costs } });
    for (const model of ['simulator/text', 'simulator/text', 'simulator/text', 'simulator/text,fault=400'])
      await (await ask(sluice.url, { model, stream: false })).text();
  });
  afterAll(async () => {
    await browser.close();
    await sluice[Symbol.asyncDispose]();
  });

  const choose = (page: Page, value: string) =>
    page.locator(`label:has(input[value=${value}])`).first().click();

  test('a column for each hour of the day: requests, failed ones among them, cost or tokens', async () => {
    await using opened = await openDashboard(browser, sluice.url, { timeZone: 'UTC' });
    const { page, complaints } = opened;
    const columns = page.locator('#chart li');
    const asked = columns.filter({ hasText: '4 requests' });
    await asked.waitFor();
    expect(await columns.count()).toBe(24);
    expect(await asked.getAttribute('title')).toMatch(
      /^\d\d:00–\d\d:00: 4 requests, 1 failed \(25 %\), \$\d.*, \d+ tokens$/,
    );
    const heightOf = (part: string) => asked.locator(part).evaluate((element) => element.clientHeight);
    const whole = await heightOf('.column');
    expect((await heightOf('.failed')) / whole).toBeCloseTo(0.25, 1);
    expect(await page.locator('#chart-title').innerText()).toBe('Requests by hour');
    expect(await page.locator('#chart-most').innerText()).toBe('highest: 4');
    await choose(page, 'cost');
    await page.locator('#chart-title', { hasText: 'Cost by hour' }).waitFor();
    expect(await page.locator('#chart-most').innerText()).toMatch(/^highest: \$/);
    expect(await heightOf('.failed')).toBe(0);
    await choose(page, 'tokens');
    await page.locator('#chart-title', { hasText: 'Tokens by hour' }).waitFor();
    await choose(page, 'week');
    await page.locator('#chart-title', { hasText: 'Tokens by day' }).waitFor();
    expect(await columns.count()).toBe(8);
    await choose(page, 'all');
    await page.locator('#chart-title', { hasText: 'Tokens by day (UTC)' }).waitFor();
    expect(await columns.allInnerTexts()).toEqual([expect.stringContaining('4 requests')]);
    expect(complaints).toEqual([]);
  });

  interface Shown {
    by: string;
    columns: { title: string; tick: string; requests: number }[];
  }

  /** What the page makes of a request in each step. */
  async function columnsOf(
    page: Page,
    starts: readonly number[],
    period: string,
    now: number,
  ): Promise<Shown> {
    const series = starts.map((start) => ({
      start: new Date(start).toISOString(),
      ...{ total_requests: 1, error_rate: 0, total_cost_usd: 0, unpriced_requests: 0 },
      ...{ total_input_tokens: 1, total_output_tokens: 1 },
      ...{ total_cache_read_tokens: 0, total_cache_write_tokens: 0 },
    }));
    return page.evaluate(
      async ([path, given, of, at]) => (await import(path)).columnsOf(given, of, new Date(at)) as Shown,
      ['/dashboard/chart.js', series, period, now] as const,
    );
  }

  const every = (step: number, from: string, count: number) =>
    Array.from({ length: count }, (_, index) => Date.parse(from) + index * step);

  test('hours and days are those of the browser’s time zone, also where the clock is changed', async () => {
    await using opened = await openDashboard(browser, sluice.url, { timeZone: 'Europe/Berlin' });
    const { page } = opened;
    // The 25th of October 2026 has 25 hours there; its midnight is 22:00 UTC.
    const day = every(HOUR_MS, '2026-10-24T22:00:00Z', 10);
    const today = await columnsOf(page, day, 'today', Date.parse('2026-10-25T07:30:00Z'));
    expect(today.columns).toHaveLength(25);
    expect(today.columns.map(({ requests }) => requests)).toEqual([
      ...Array<number>(10).fill(1),
      ...Array<number>(15).fill(0),
    ]);
    expect(today.columns.at(-1)?.tick).toBe('23:00');
    const hours = every(HOUR_MS, '2026-10-22T12:00:00Z', 7 * 24 + 1);
    const week = await columnsOf(page, hours, 'week', Date.parse('2026-10-29T12:30:00Z'));
    expect(week.columns.map(({ tick, requests }) => [tick, requests])).toEqual([
      ...[
        ['Thu 22', 10],
        ['Fri 23', 24],
        ['Sat 24', 24],
        ['Sun 25', 25],
        ['Mon 26', 24],
      ],
      ...[
        ['Tue 27', 24],
        ['Wed 28', 24],
        ['Thu 29', 14],
      ],
    ]);
  });

  test('of all time, days, and months where those are many', async () => {
    await using opened = await openDashboard(browser, sluice.url, { timeZone: 'America/Los_Angeles' });
    const { page } = opened;
    const now = Date.parse('2026-03-01T12:00:00Z');
    const few = await columnsOf(page, every(24 * HOUR_MS, '2026-01-31T00:00:00Z', 30), 'all', now);
    expect([few.by, few.columns.length, few.columns[0]?.title]).toEqual(['by day (UTC)', 30, '31 Jan']);
    const many = await columnsOf(page, every(24 * HOUR_MS, '2025-11-30T00:00:00Z', 92), 'all', now);
    expect(many.by).toBe('by month (UTC)');
    expect(many.columns.map(({ title, requests }) => [title, requests])).toEqual([
      ...[
        ['November 2025', 1],
        ['December 2025', 31],
        ['January 2026', 31],
        ['February 2026', 28],
      ],
      ['March 2026', 1],
    ]);
  });
});
