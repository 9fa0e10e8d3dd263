// A web page and an extension that the configuration allows, in a real browser, with the official SDKs; and a page that
// it does not.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import {
  hasBrowser,
  launchBrowser,
  launchWithExtension,
  type OpenPage,
  openPage,
} from '../support/browser.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const PAGE = '<!doctype html><title>An app</title><script src="/clients.js"></script>';
const CLIENTS = ['anthropic', 'openai', 'genai'] as const;
const REQUEST_ID = expect.stringMatching(/^[\da-f-]{36}$/);

describe.skipIf(!hasBrowser)('asked from a browser', () => {
  const extension = temporaryFolder('extension');
  let browser: Browser;
  let sluice: SluiceProcess;
  let app: ReturnType<typeof Bun.serve>;
  let tab: OpenPage;

  beforeAll(async () => {
    const script = await bundle();
    writeFileSync(join(extension, 'clients.js'), script);
    writeFileSync(join(extension, 'page.html'), PAGE);
    writeFileSync(
      join(extension, 'manifest.json'),
      JSON.stringify({ manifest_version: 3, name: 'An extension', version: '1' }),
    );
    app = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: ({ url }) =>
        new URL(url).pathname === '/clients.js'
          ? new Response(script, { headers: { 'content-type': 'text/javascript' } })
          : new Response(PAGE, { headers: { 'content-type': 'text/html' } }),
    });
    // By its other name, localhost, the page is of an origin that is not named.
    const allowed_origins = [`http://127.0.0.1:${app.port}`, originOf(extension)];
    const providers = { simulator: { max_retries: 0 } };
    // Of several processes one answers clients, another the gateway's own pages.
    const workers = process.platform === 'linux' ? 2 : 1;
    [browser, sluice] = await Promise.all([
      launchBrowser(),
      startSluice({ config: { server: { allowed_origins }, providers }, workers }),
    ]);
    tab = await openPage(browser);
  });
  afterAll(async () => {
    await browser.close();
    await sluice[Symbol.asyncDispose]();
    await app.stop(true);
    rmSync(extension, { recursive: true, force: true });
  });

  const open = (name: string) => tab.page.goto(`http://${name}:${app.port}/`);
  const run = (page: Page, client: string) =>
    page.evaluate(([name, url]) => Reflect.get(window, 'sluice').run(name, url), [client, sluice.url]);

  function expectStreamed(heard: unknown): void {
    expect(heard).toMatchObject({ text: expect.stringContaining(' '), requestId: REQUEST_ID });
    expect(Reflect.get(Object(heard), 'pieces')).toBeGreaterThan(1);
  }

  test.each(CLIENTS)('the SDK %s streams in a page that is named', async (client) => {
    await open('127.0.0.1');
    expectStreamed(await run(tab.page, client));
  });

  test('they stream in an extension that is named', async () => {
    await using context = await launchWithExtension(extension);
    const page = await context.newPage();
    await page.goto(`${originOf(extension)}/page.html`);
    for (const client of CLIENTS) expectStreamed(await run(page, client));
  });

  test('an error has its status, and says when to ask again', async () => {
    await open('127.0.0.1');
    const failure = await tab.page.evaluate((url) => Reflect.get(window, 'sluice').fail(url), sluice.url);
    expect(failure).toEqual({ status: 429, requestId: REQUEST_ID, retryAfter: '7' });
  });

  test('such a page reads the gateway’s own pages, and may end a request', async () => {
    await open('127.0.0.1');
    const read = await tab.page.evaluate(async (url) => {
      const health = await fetch(`${url}/gateway/health`);
      const ended = await fetch(`${url}/gateway/streams/none`, { method: 'DELETE' });
      return [health.status, (await health.json()).status, ended.status];
    }, sluice.url);
    expect(read).toEqual([200, 'healthy', 404]);
  });

  test.each(CLIENTS)('the SDK %s gets nothing in a page that is not named', async (client) => {
    await open('localhost');
    expect(await run(tab.page, client)).toMatch(/Connection error|Failed to fetch/);
  });
});

/** The SDKs as a page loads them. */
async function bundle(): Promise<string> {
  const entrypoints = [join(import.meta.dir, '../support/browser-clients.ts')];
  const { outputs } = await Bun.build({ entrypoints, target: 'browser', format: 'iife' });
  const [script] = outputs;
  if (script === undefined) throw new Error('nothing was bundled');
  return script.text();
}

/** Chromium names an unpacked extension after where it lies: sixteen bytes in letters from a to p. */
function originOf(folder: string): string {
  const digits = createHash('sha256').update(folder).digest('hex').slice(0, 32);
  const id = Array.from(digits, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16))).join('');
  return `chrome-extension://${id}`;
}
