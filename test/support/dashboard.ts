// A gateway with its dashboard open in a browser.
import type { Browser, Page } from 'playwright-core';
import { type OpenOptions, type OpenPage, openPage } from './browser.ts';

export interface OpenDashboard extends OpenPage {
  page: Page;
}

/** For how long “Really?” waits for its answer, as `live.js` has it. */
const SURE_MS = 4_000;

/** Resolves once the live feed stands: what is asked from then on is seen. */
export async function openDashboard(
  browser: Browser,
  url: string,
  options: OpenOptions = {},
): Promise<OpenDashboard> {
  const opened = await openPage(browser, options);
  await opened.page.addInitScript(holdQuestions, SURE_MS);
  await opened.page.goto(url);
  await opened.page.locator('#feed[data-state="live"]').waitFor();
  return opened;
}

/** A question waits until the test lets its time pass: on a busy machine that is over before it has been seen. */
function holdQuestions(sureMs: number): void {
  const setTimer = window.setTimeout;
  const hold = (callback: () => void, ms?: number): number => {
    if (ms !== sureMs) return setTimer(callback, ms);
    window.addEventListener('questions-lapse', callback, { once: true });
    return 0;
  };
  Object.assign(window, { setTimeout: hold });
}

/** The time of questions that nobody has answered is over. */
export function letQuestionsLapse(page: Page): Promise<unknown> {
  return page.evaluate(() => window.dispatchEvent(new Event('questions-lapse')));
}

export interface Ask {
  model: string;
  text?: string;
  agent?: string;
  project?: string;
  stream?: boolean;
  signal?: AbortSignal;
  key?: string;
}

/** A question to the gateway as Anthropic's clients put it. */
export function ask(url: string, { model, text = 'Hello', stream = true, ...more }: Ask): Promise<Response> {
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(more.agent === undefined ? {} : { 'x-sluice-agent': more.agent }),
      ...(more.project === undefined ? {} : { 'x-sluice-project': more.project }),
      ...(more.key === undefined ? {} : { 'x-sluice-key': more.key }),
    },
    body: JSON.stringify({ model, max_tokens: 100_000, stream, messages: [{ role: 'user', content: text }] }),
    ...(more.signal === undefined ? {} : { signal: more.signal }),
  });
}
