// The dashboard where the gateway wants a key, and how it looks: narrow and wide, light and dark, at rest.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Browser } from 'playwright-core';
import { accessibilityProblems } from '../support/accessibility.ts';
import { hasBrowser, launchBrowser, openPage } from '../support/browser.ts';
import { ask } from '../support/dashboard.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const KEY = 'dashboard-key-0001';

describe.skipIf(!hasBrowser)('with a key', () => {
  let browser: Browser;
  let sluice: SluiceProcess;

  beforeAll(async () => {
    const config = {
      server: { keys: [KEY], project_keys: { web: ['key-of-web'] } },
      providers: { simulator: { kind: 'simulator' } },
    };
    [browser, sluice] = await Promise.all([launchBrowser(), startSluice({ config })]);
    const long = 'a-very-long-name-'.repeat(20);
    for (const agent of ['reader', long])
      await (await ask(sluice.url, { model: 'simulator/fast', agent, key: KEY })).text();
    await (await ask(sluice.url, { model: 'simulator/fast,fault=401', key: KEY })).text();
  });
  afterAll(async () => {
    await browser.close();
    await sluice[Symbol.asyncDispose]();
  });

  test('it is asked for, refused where it is wrong, kept in the tab alone, and forgotten', async () => {
    await using opened = await openPage(browser);
    const { page, complaints } = opened;
    await page.goto(sluice.url);
    const field = page.getByLabel('Key', { exact: true });
    await page.locator('#health', { hasText: 'Key required' }).waitFor();
    await field.fill('wrong-key');
    await field.press('Enter');
    await page.locator('#gate-problem', { hasText: 'not one of server.keys' }).waitFor();
    await field.fill('key-of-web');
    await field.press('Enter');
    await page.locator('#gate-problem', { hasText: 'need one of server.keys' }).waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await field.fill(KEY);
    await field.press('Enter');
    await page.locator('#request-rows tr').first().waitFor();
    await page.locator('#health', { hasText: 'Healthy' }).waitFor();
    // The totals are not beneath the header.
    expect(await page.evaluate(() => scrollY)).toBe(0);
    expect(await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie])).toEqual([
      1,
      0,
      '',
    ]);
    await page.reload();
    await page.locator('#request-rows tr').first().waitFor();
    await page.getByRole('button', { name: 'Forget key' }).click();
    await field.waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    expect(complaints).toEqual([]);
  });

  for (const [width, scheme] of [
    [320, 'light'],
    [1600, 'dark'],
  ] as const) {
    test(`${width} px, ${scheme}: nothing sticks out, nothing moves, the rules of accessibility hold`, async () => {
      await using opened = await openPage(browser, { width, scheme, reducedMotion: 'reduce' });
      const { page } = opened;
      await page.goto(sluice.url);
      await page.getByLabel('Key', { exact: true }).fill(KEY);
      await page.getByRole('button', { name: 'Open' }).click();
      await page.locator('#request-rows tr').nth(2).waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
      const sticking = await page.evaluate(() =>
        [...document.querySelectorAll('.card :is(tbody th, tbody td, bdi, dd)')].flatMap((element) => {
          const edge = element.closest('.card')?.getBoundingClientRect().right ?? 0;
          return element.getBoundingClientRect().right > edge ? [element.outerHTML] : [];
        }),
      );
      expect(sticking).toEqual([]);
      const failure = page.locator('#request-rows td', { hasText: 'upstream_' });
      expect(await failure.innerText()).toBe('error\nupstream_unauthorized');
      expect(await failure.evaluate((cell) => cell.scrollWidth - cell.clientWidth)).toBe(0);
      // Room for a word of a name, however narrow the window.
      const names = page.locator('#request-rows .names').first();
      expect((await names.boundingBox())?.width).toBeGreaterThan(150);
      expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(ground).toBe(scheme === 'dark' ? 'rgb(17, 21, 23)' : 'rgb(246, 247, 247)');
      expect(await accessibilityProblems(page)).toEqual([]);
    });
  }

  test('on a tablet a name is broken between its words', async () => {
    const model = 'simulator/fast,tokens=2,rate=1000';
    await (await ask(sluice.url, { model, agent: 'broken-name', key: KEY })).text();
    await using opened = await openPage(browser, { width: 768 });
    const { page } = opened;
    await page.goto(sluice.url);
    await page.getByLabel('Key', { exact: true }).fill(KEY);
    await page.keyboard.press('Enter');
    await page.getByLabel('Agent', { exact: true }).last().fill('broken-name');
    await page.locator('#requests-count', { hasText: '1 matching request' }).waitFor();
    const words = await page
      .locator('#request-rows .names bdi')
      .first()
      .evaluate((name) =>
        [...name.childNodes].flatMap((word) => {
          const range = document.createRange();
          range.selectNodeContents(word);
          return word.textContent === '' ? [] : [[word.textContent, range.getClientRects().length]];
        }),
      );
    expect(words).toEqual([
      ['fast,', 1],
      ['tokens=2,', 1],
      ['rate=1000', 1],
    ]);
  });

  test('a long name leaves the button that closes its request in one piece', async () => {
    const model = `simulator/fast,${'long-name-'.repeat(20)}`;
    await (await ask(sluice.url, { model, agent: 'long-name', key: KEY })).text();
    await using opened = await openPage(browser, { width: 380 });
    const { page } = opened;
    await page.goto(sluice.url);
    await page.getByLabel('Key', { exact: true }).fill(KEY);
    await page.keyboard.press('Enter');
    await page.getByLabel('Agent', { exact: true }).last().fill('long-name');
    await page.locator('#requests-count', { hasText: '1 matching request' }).waitFor();
    await page.locator('#request-rows button').click();
    const lines = await page
      .getByRole('button', { name: 'Close' })
      .evaluate((button) => button.clientHeight / Number.parseFloat(getComputedStyle(button).lineHeight));
    expect(lines).toBeLessThan(2);
  });

  test('by keyboard: filter, open a request, close it; the focus comes back', async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.goto(sluice.url);
    await page.getByLabel('Key', { exact: true }).fill(KEY);
    await page.keyboard.press('Enter');
    await page.getByLabel('Agent', { exact: true }).last().fill('reader');
    await page.locator('#requests-count', { hasText: '1 matching request' }).waitFor();
    const row = page.locator('#request-rows button');
    await row.focus();
    await page.keyboard.press('Enter');
    await page.locator('#detail .attempts li').waitFor();
    expect(new URL(page.url()).hash).toStartWith('#request=');
    await page.keyboard.press('Escape');
    await page.waitForFunction(
      () => document.activeElement?.closest('#request-rows') !== null && location.hash === '',
    );
    await page.getByLabel('Status').selectOption('error');
    await page.getByText('No request matches these filters.').waitFor();
  });
});
