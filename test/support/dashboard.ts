// A gateway with its dashboard open in a browser.
import type { Browser, Page } from 'playwright-core';
import { type OpenOptions, type OpenPage, openPage } from './browser.ts';

export interface OpenDashboard extends OpenPage {
  page: Page;
}

/** Resolves once the live feed stands: what is asked from then on is seen. */
export async function openDashboard(
  browser: Browser,
  url: string,
  options: OpenOptions = {},
): Promise<OpenDashboard> {
  const opened = await openPage(browser, options);
  await opened.page.goto(url);
  await opened.page.locator('#feed[data-state="live"]').waitFor();
  return opened;
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
