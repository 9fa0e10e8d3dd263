// What the dashboard holds still while figures come in, what it keeps within its cells, and what keys reach.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { createThreadedStore } from '../../src/ledger/threaded-store.ts';
import { accessibilityProblems } from '../support/accessibility.ts';
import { hasBrowser, launchBrowser } from '../support/browser.ts';
import { ask, openDashboard } from '../support/dashboard.ts';
import { sampleRow, sampleUsage } from '../support/ledger-rows.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const ENDLESS = 'simulator/tokens=100000,rate=200';

/** A home whose ledger holds these rows, of this moment. */
async function homeWith(rows: readonly Partial<LedgerRow>[]): Promise<Disposable & { home: string }> {
  const home = temporaryFolder('steady');
  const store = createThreadedStore({ type: 'sqlite', path: join(home, 'sluice.db') });
  const timestamp = Date.now() - 1_000;
  await store.append(rows.map((row, index) => sampleRow({ requestId: `req_${index}`, timestamp, ...row })));
  await store.close();
  return { home, [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }) };
}

/** All time: rows of a moment ago may be of yesterday. */
const showAll = (page: Page) => page.locator('label:has(input[name=window][value=all])').click();

describe.skipIf(!hasBrowser)('steady', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  describe('at many widths', () => {
    const usage = sampleUsage({ inputTokens: 123_456_789, outputTokens: 98_765_432 });
    let seeded: Awaited<ReturnType<typeof homeWith>>;
    let sluice: SluiceProcess;
    beforeAll(async () => {
      seeded = await homeWith([
        { ttftMs: 332.4, latencyMs: 400, usage },
        { ttftMs: 200_000, latencyMs: 240_000, usage },
        { model: 'm', ttftMs: 332, latencyMs: 400, usage },
        { model: 'm', ttftMs: 470, latencyMs: 470.001, usage },
      ]);
      sluice = await startSluice({ home: seeded.home });
    });
    afterAll(async () => {
      await sluice[Symbol.asyncDispose]();
      seeded[Symbol.dispose]();
    });

    test.each([320, 390, 480, 600, 699, 700, 1100])(
      '%d px: a model’s figures stay within their cells',
      async (width) => {
        await using opened = await openDashboard(browser, sluice.url, { width });
        const { page } = opened;
        await showAll(page);
        await page.locator('#model-rows tr').nth(1).waitFor();
        const firstTokens = await page.locator('#model-rows td[data-label^="First token"]').allInnerTexts();
        expect(firstTokens.sort()).toEqual(['332 ms · 2 min 22 s', '332 ms · 470 ms']);
        const overfull = await page.evaluate(() =>
          [...document.querySelectorAll('#models :is(th, td)')].flatMap(
            ({ scrollWidth, clientWidth, textContent }) =>
              scrollWidth > clientWidth ? [`${textContent}: ${scrollWidth} > ${clientWidth}`] : [],
          ),
        );
        expect(overfull).toEqual([]);
      },
    );
  });

  test.each([390, 768, 1280])(
    '%d px: totals and columns stay where they are while figures grow',
    async (width) => {
      using seeded = await homeWith([{ model: 'text', provider: 'simulator', ttftMs: 1 }]);
      await using sluice = await startSluice({ home: seeded.home });
      await using opened = await openDashboard(browser, sluice.url, { width });
      const { page } = opened;
      await showAll(page);
      await page.locator('#model-rows tr').first().waitFor();
      const places = () =>
        page.evaluate(() =>
          [...document.querySelectorAll('#totals, #live, #model-rows td, #models thead th')].map(
            (element) => {
              const { x, width: wide, height } = element.getBoundingClientRect();
              return element.closest('table') === null ? height : [x, wide];
            },
          ),
        );
      const before = await places();
      await (await ask(sluice.url, { model: 'simulator/text', text: 'word '.repeat(20_000) })).text();
      await page.locator('#tiles', { hasText: 'without 1 unpriced request' }).waitFor();
      expect(await places()).toEqual(before);
    },
  );

  test('on a phone, where nothing runs, what does not is no half of the screen', async () => {
    await using sluice = await startSluice();
    await using opened = await openDashboard(browser, sluice.url, { width: 390, height: 800 });
    const live = await opened.page.locator('#live').boundingBox();
    expect(live?.height).toBeLessThan(400);
  });

  test.each(['pointer', 'focus'])(
    'a new model moves no request from under the %s; it comes when that has left',
    async (what) => {
      using seeded = await homeWith([{ model: 'old', costUsd: 1 }]);
      await using sluice = await startSluice({ home: seeded.home });
      await using opened = await openDashboard(browser, sluice.url);
      const { page, complaints } = opened;
      await showAll(page);
      const request = page.locator('#request-rows tr', { hasText: 'old' });
      await page.locator('#model-rows tr', { hasText: 'old' }).waitFor();
      if (what === 'pointer') await request.hover();
      else await request.getByRole('button').focus();
      const place = () =>
        page.evaluate(() => document.querySelector('#requests')?.getBoundingClientRect().top);
      const before = await place();
      await (await ask(sluice.url, { model: 'simulator/fast' })).text();
      await page.locator('#tiles', { hasText: 'without 1 unpriced request' }).waitFor();
      expect(await place()).toBe(before);
      if (what === 'pointer') await page.mouse.move(1, 1);
      else await page.locator('input[name=window][value=all]').focus();
      await page.locator('#model-rows tr', { hasText: 'fast' }).waitFor();
      expect(complaints).toEqual([]);
    },
  );

  test('a running answer stays under the pointer when others begin; they come first once it has left', async () => {
    await using sluice = await startSluice();
    await using opened = await openDashboard(browser, sluice.url);
    const { page, complaints } = opened;
    const leaving = new AbortController();
    const start = (agent: string) => ask(sluice.url, { model: ENDLESS, agent, signal: leaving.signal });
    const agents = () =>
      page
        .locator('#streams .via')
        .evaluateAll((all) => all.map((via) => /\bagent-./.exec(via.textContent ?? '')?.[0]));
    const card = (agent: string) => page.locator('#streams > li', { hasText: agent });
    await start('agent-a');
    await card('agent-a').hover();
    await start('agent-b');
    await card('agent-b').waitFor();
    expect(await agents()).toEqual(['agent-a', 'agent-b']);
    await page.mouse.move(1, 1);
    await page.waitForFunction(() =>
      /agent-b/.test(document.querySelector('#streams .via')?.textContent ?? ''),
    );
    // The same for keys.
    await card('agent-b').getByRole('button').focus();
    await start('agent-c');
    await card('agent-c').waitFor();
    expect(await agents()).toEqual(['agent-b', 'agent-a', 'agent-c']);
    leaving.abort();
    expect(complaints).toEqual([]);
  });

  test('many providers are reached by keys, and every state keeps the rules of accessibility', async () => {
    const lab = {
      dialect: 'openai-chat' as const,
      base_url: 'http://127.0.0.1:9/v1',
      api_key: 'k',
      max_retries: 0,
    };
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`lab-${index}`, lab]));
    await using sluice = await startSluice({
      config: {
        providers: { ...many, openai: {}, simulator: { max_retries: 0 } },
        routing: { default_provider: 'lab-0' },
      },
    });
    for (let sent = 0; sent < 6; sent++) await (await ask(sluice.url, { model: 'lab-0/m' })).text();
    await using opened = await openDashboard(browser, sluice.url, { reducedMotion: 'reduce' });
    const { page } = opened;
    await page.locator('#providers li[data-state="bad"]').waitFor();
    await page.locator('#health-notices li').waitFor();
    const leaving = new AbortController();
    await ask(sluice.url, { model: ENDLESS, signal: leaving.signal });
    await page.getByRole('button', { name: /^Cancel/ }).click();
    await page.getByRole('button', { name: /^Really\?/ }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    const row = page.locator('#request-rows tr[data-state="error"]').last();
    await row.getByRole('button').click();
    await page.locator('#detail .attempts li').waitFor();
    expect(await page.locator('#detail dl div', { hasText: 'Cost' }).locator('dd').innerText()).toBe('–');
    expect(await accessibilityProblems(page)).toEqual([]);
    leaving.abort();
  });
});
