// The section “Live” in a real browser: answers as they are written, cancelling, a slow line, a gateway that is away.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { hasBrowser, launchBrowser, openPage } from '../support/browser.ts';
import { letQuestionsLapse, ask, openDashboard } from '../support/dashboard.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Writes for minutes. */
const ENDLESS = 'simulator/tokens=100000,rate=200';

describe.skipIf(!hasBrowser)('live', () => {
  let browser: Browser;
  let sluice: SluiceProcess;

  beforeAll(async () => {
    [browser, sluice] = await Promise.all([launchBrowser(), startSluice()]);
  });
  afterAll(async () => {
    await browser.close();
    await sluice[Symbol.asyncDispose]();
  });

  const card = (page: Page, text: string) => page.locator('#streams > li', { hasText: text });
  const textOf = (page: Page, agent: string) => card(page, agent).locator('.tail').innerText();

  test('nothing runs: the page has the command that shows a stream, and it works', async () => {
    await using opened = await openDashboard(browser, sluice.url);
    const { page, complaints } = opened;
    const command = await page.locator('#curl').innerText();
    expect(command).toContain(sluice.url);
    const run = Bun.spawn(['bash', '-c', command.replace('"Hello"', '"Written by the command"')], {
      stdout: 'pipe',
      stderr: 'ignore',
    });
    await card(page, 'Written by the command').waitFor();
    expect(await new Response(run.stdout).text()).toContain('message_stop');
    await page.locator('#streams > li[data-state="success"]').waitFor();
    expect(await page.locator('#streams .outcome').first().innerText()).toMatch(
      /^done · \d+ tokens in, \d+ out · [\d.]+\/s · unpriced$/,
    );
    await page.locator('#request-rows tr[data-state="success"]').waitFor();
    expect(complaints).toEqual([]);
  });

  test('text appears as it is written, and a cancelled request is over for its client and in the ledger', async () => {
    await using opened = await openDashboard(browser, sluice.url);
    const { page, complaints } = opened;
    const response = await ask(sluice.url, { model: ENDLESS, agent: 'river', project: 'atlas' });
    const answer = response.text();
    await card(page, 'river').and(page.locator('[data-state="answering"]')).waitFor();
    const first = await textOf(page, 'river');
    await page.waitForFunction(
      (seen) => document.querySelector('#streams li .tail')?.textContent?.trim() !== seen.trim(),
      first,
    );
    await page.waitForFunction(() =>
      /simulator.*river.*atlas/.test(document.querySelector('.via')?.textContent ?? ''),
    );
    expect(await page.title()).toBe('(1) Sluice');

    await page.getByRole('button', { name: 'Cancel tokens=100000,rate=200' }).click();
    await page.getByRole('button', { name: 'Really? tokens=100000,rate=200' }).click();
    expect(await answer).toContain('event: error');
    await card(page, 'river').and(page.locator('[data-state="aborted"]')).waitFor();
    await page.locator('#request-rows tr[data-state="aborted"]', { hasText: 'river' }).waitFor();
    await page.getByRole('button', { name: 'Details of tokens=100000,rate=200' }).click();
    await page.locator('#detail').getByText('cancelled').first().waitFor();
    expect(complaints).toEqual([]);
  });

  test('a request that ran before the page came is there too, and one press on “Cancel” only asks, for a while', async () => {
    const leaving = new AbortController();
    const response = await ask(sluice.url, { model: ENDLESS, agent: 'early', signal: leaving.signal });
    await using opened = await openDashboard(browser, sluice.url);
    const { page } = opened;
    await card(page, 'early').waitFor();
    await card(page, 'early')
      .getByRole('button', { name: /^Cancel/ })
      .click();
    await card(page, 'early')
      .getByRole('button', { name: /^Really\?/ })
      .waitFor();
    await letQuestionsLapse(page);
    await card(page, 'early')
      .getByRole('button', { name: /^Cancel/ })
      .waitFor();
    await card(page, 'early').getByText('characters seen').waitFor();
    expect((await sluice.get<{ streams: unknown[] }>('/gateway/streams')).streams).toHaveLength(1);
    leaving.abort();
    await response.text().catch(() => {});
    await card(page, 'early').and(page.locator('[data-state="aborted"]')).waitFor();
  });

  test('the age of a request that runs for minutes stands beside its button, also on a phone', async () => {
    const leaving = new AbortController();
    const response = await ask(sluice.url, { model: ENDLESS, agent: 'long', signal: leaving.signal });
    await using opened = await openDashboard(browser, sluice.url, { width: 400 });
    await card(opened.page, 'long').waitFor();
    const gap = await card(opened.page, 'long').evaluate((stream) => {
      const [age, button] = [stream.querySelector('.age'), stream.querySelector('button')];
      if (age === null || button === null) return null;
      age.textContent = '10 min 45 s';
      const text = document.createRange();
      text.selectNodeContents(age);
      return button.getBoundingClientRect().left - text.getBoundingClientRect().right;
    });
    expect(gap).toBeGreaterThan(0);
    leaving.abort();
    await response.text().catch(() => {});
  });

  test('a request that was refused before any model was asked does not wait for one', async () => {
    await using opened = await openDashboard(browser, sluice.url);
    await (await fetch(`${sluice.url}/v1/messages`, { method: 'POST', body: 'no JSON' })).text();
    const model = opened.page.locator('#streams > li[data-state="error"] .model').first();
    await model.waitFor();
    expect(await model.innerText()).toBe('no model answered');
    expect(opened.complaints).toEqual([]);
  });

  test('a page of another origin can neither read nor cancel', async () => {
    const leaving = new AbortController();
    const response = await ask(sluice.url, { model: ENDLESS, signal: leaving.signal });
    const requestId = response.headers.get('x-sluice-request-id') ?? '';
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () =>
        new Response('<!doctype html><title>elsewhere</title>', { headers: { 'content-type': 'text/html' } }),
    });
    try {
      await using opened = await openPage(browser);
      const { page } = opened;
      await page.goto(`http://127.0.0.1:${server.port}`);
      const outcomes = await page.evaluate(
        async ([url, id]) => {
          const attempt = (path: string, init: RequestInit) =>
            fetch(`${url}${path}`, init).then(
              (answer) => `${answer.type} ${answer.status}`,
              () => 'refused',
            );
          return [
            await attempt(`/gateway/streams/${id}`, { method: 'DELETE' }),
            await attempt('/gateway/audit', {}),
            await attempt('/gateway/streams', { mode: 'no-cors' }),
          ];
        },
        [sluice.url, requestId],
      );
      expect(outcomes.slice(0, 2)).toEqual(['refused', 'refused']);
      expect(outcomes[2]).toMatch(/refused|opaque 0/);
      const { streams } = await sluice.get<{ streams: { request_id: string }[] }>('/gateway/streams');
      expect(streams.map(({ request_id }) => request_id)).toEqual([requestId]);
    } finally {
      leaving.abort();
      await response.text().catch(() => {});
      await server.stop(true);
    }
  });

  test('over a slow line, totals are asked for one interval after a change at the latest', async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.clock.install();
    let asked = 0;
    await page.route('**/gateway/metrics*', async (route) => {
      asked++;
      await page.clock.runFor(3_000);
      await route.continue();
    });
    await page.goto(sluice.url);
    await page.locator('#feed[data-state="live"]').waitFor();
    await page.locator('#tiles', { hasText: 'requests' }).waitFor();
    const before = asked;
    await (await ask(sluice.url, { model: 'simulator/fast', agent: 'far away' })).text();
    await card(page, 'far away').and(page.locator('[data-state="success"]')).waitFor();
    for (let second = 0; second < 12 && asked === before; second++) {
      await page.clock.runFor(1_000);
      // That a busy browser needs to ask; together less than the pause that it must not be.
      await Bun.sleep(500);
    }
    expect(asked).toBeGreaterThan(before);
  });

  test('totals are asked for one interval after the live text was interrupted at the latest', async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.clock.install();
    let asked = 0;
    await page.route('**/gateway/metrics*', async (route) => {
      asked++;
      await page.clock.runFor(3_000);
      await route.continue();
    });
    await page.route('**/gateway/streams/live', (route) =>
      route.fulfill({ contentType: 'text/event-stream', body: ': ping\n\n' }),
    );
    await page.goto(sluice.url);
    await page.locator('#tiles', { hasText: 'requests' }).waitFor();
    const before = asked;
    for (let second = 0; second < 12 && asked === before; second++) {
      await page.clock.runFor(1_000);
      // As above.
      await Bun.sleep(500);
    }
    expect(asked).toBeGreaterThan(before);
  });

  test('a page that was too slow says so, and marks what it missed', async () => {
    const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    const id = { request_id: 'r-slow' };
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.route('**/gateway/streams', (route) =>
      route.fulfill({
        json: {
          streams: [
            {
              ...id,
              state: 'answering',
              streamed: true,
              provider: 'lab',
              model: 'm',
              requested_model: 'm',
              agent_type: null,
              project_id: null,
              attempts: 1,
              duration_ms: 5,
              ttft_ms: 1,
            },
          ],
        },
      }),
    );
    await page.route('**/gateway/streams/live', (route) =>
      route.fulfill({
        contentType: 'text/event-stream',
        body:
          event('stream_event', { type: 'started', ...id, model: 'm', provider: 'lab' }) +
          event('stream_event', { type: 'text_delta', ...id, text: 'before' }) +
          event('lag', { skipped: 41 }) +
          event('stream_event', { type: 'text_delta', ...id, text: 'after' }),
      }),
    );
    await page.goto(sluice.url);
    await page.locator('.tail', { hasText: '… before […] after' }).waitFor();
    await page.locator('#announcer', { hasText: '41 pieces' }).waitFor({ state: 'attached' });
  });

  for (const [what, press] of [
    ['the user asks', (page: Page) => page.getByRole('button', { name: 'Try now' })],
    ['one thing is answered', (page: Page) => page.locator('#window input').last()],
  ] as const) {
    test(`a gateway that went away and came back is asked for everything as soon as ${what}`, async () => {
      await using first = await startSluice();
      await using opened = await openPage(browser);
      const { page, complaints } = opened;
      await page.clock.install();
      await page.goto(first.url);
      await page.locator('#feed[data-state="live"]').waitFor();
      await first.kill();
      const notice = page.getByText('does not answer');
      await notice.waitFor();
      // Everything is asked for, in vain. From here on no pause passes but the moments below.
      await page.clock.pauseAt(Date.now() + 60_000);
      await page.locator('#health-text', { hasText: 'No answer' }).waitFor();
      await page.locator('#feed-text', { hasText: /Again in \d+ s/ }).waitFor();
      await using second = await startSluice({ port: first.port });
      await press(page).evaluate((element: HTMLElement) => element.click());
      // A moment of the page is as long as the gateway needs on a busy machine.
      for (let ms = 0; ms < 500 && (await notice.count()) > 0; ms++) {
        await page.clock.runFor(1);
        await Bun.sleep(100);
      }
      expect(await notice.count()).toBe(0);
      await page.clock.resume();
      await page.locator('#feed[data-state="live"]').waitFor();
      await page.locator('#health[data-state="good"]').waitFor();
      await ask(second.url, { model: 'simulator/fast', agent: 'afterwards' });
      await card(page, 'afterwards').waitFor();
      expect(complaints).toEqual([]);
    });
  }
});
