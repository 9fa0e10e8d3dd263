// Names, prompts and errors from outside that would be markup: a real browser shows every one of them as text.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { hasBrowser, launchBrowser } from '../support/browser.ts';
import { ask, openDashboard } from '../support/dashboard.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const markup = (what: string) =>
  `</script><img src=x onerror="window.hacked='${what}'"><svg onload="window.hacked='${what}'">${what}`;

describe.skipIf(!hasBrowser)('hostile texts', () => {
  let browser: Browser;
  let sluice: SluiceProcess;
  let upstream: ReturnType<typeof Bun.serve>;

  beforeAll(async () => {
    upstream = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () =>
        Response.json({ error: { message: markup('error'), type: markup('type') } }, { status: 400 }),
    });
    const config = {
      providers: {
        simulator: { kind: 'simulator' },
        lab: {
          dialect: 'openai-chat' as const,
          base_url: `http://127.0.0.1:${upstream.port}/v1`,
          api_key: 'lab-key',
          max_retries: 0,
        },
      },
      routing: { default_provider: 'simulator' },
    };
    [browser, sluice] = await Promise.all([launchBrowser(), startSluice({ config })]);
  });
  afterAll(async () => {
    await browser.close();
    await sluice[Symbol.asyncDispose]();
    await upstream.stop(true);
  });

  async function expectHarmless(page: Page, complaints: string[]): Promise<void> {
    expect(await page.evaluate(() => Reflect.get(window, 'hacked') ?? null)).toBeNull();
    expect(await page.locator('script').count()).toBe(1);
    expect(await page.locator('img').count()).toBe(1);
    expect(await page.locator('svg').count()).toBe(0);
    expect(complaints).toEqual([]);
  }

  test('they are shown as they are, and nothing of them runs', async () => {
    await using opened = await openDashboard(browser, sluice.url);
    const { page, complaints } = opened;
    await (
      await ask(sluice.url, {
        model: 'simulator/fast,echo',
        text: markup('prompt'),
        agent: markup('agent'),
        project: markup('project'),
      })
    ).text();
    await page.locator('#streams .tail', { hasText: markup('prompt').slice(-20) }).waitFor();
    await page.locator('#streams .via', { hasText: "window.hacked='agent'" }).waitFor();
    await (await ask(sluice.url, { model: `lab/${markup('model')}` })).text();

    const failed = page.locator('#request-rows tr[data-state="error"]');
    await failed.locator('.names', { hasText: "window.hacked='model'" }).waitFor();
    await expectHarmless(page, complaints);
    await failed.getByRole('button').click();
    await page.locator('#detail .notice', { hasText: "window.hacked='error'" }).waitFor();
    await page.locator('#detail .attempts', { hasText: "window.hacked='model'" }).waitFor();
    await expectHarmless(page, complaints);
    await page.getByRole('button', { name: 'Close' }).click();

    await page.locator('#request-rows tr[data-state="success"]').getByRole('button').click();
    await page.getByRole('button', { name: 'Show what was said' }).click();
    await page.locator('#detail pre', { hasText: 'hacked' }).nth(1).waitFor();
    await expectHarmless(page, complaints);
  });
});
