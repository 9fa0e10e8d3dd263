// docs/library.md: bundled for browsers, a program that embeds the gateway runs on Node and in a web worker.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hasBrowser, launchBrowser } from '../support/browser.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = resolve(import.meta.dir, '../..');
const NODE = Bun.which('node');
const FOLDER = temporaryFolder('bundle');
afterAll(() => rmSync(FOLDER, { recursive: true }));

const PROGRAM = `
import { createGateway } from ${JSON.stringify(join(ROOT, 'src/index.ts'))};
const gateway = createGateway({}, { environment: {} });
const body = JSON.stringify({ model: 'simulator/fast,echo', messages: [{ role: 'user', content: 'by fetch' }] });
const request = new Request('http://sluice/v1/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
let said = (await (await gateway.fetch(request)).json()).choices[0].message.content;
const messages = [{ role: 'user', parts: [{ type: 'text', text: ', by stream' }] }];
for await (const event of gateway.stream({ model: 'simulator/fast,echo', messages })) if (event.type === 'text-delta') said += event.text;
const root = await gateway.fetch(new Request('http://sluice/', { headers: { accept: 'text/html' } }));
said += ', ' + root.status + ' ' + (await root.text()).slice(0, 6);
await gateway.close();
if (typeof postMessage === 'function') postMessage(said);
else console.log(said);
`;

/** With a ledger's store of its own. */
const IMAGE = new Uint8Array(9_000).map((_, at) => (at * 7919 + 13) % 256).toBase64();
const RECORDING = `
import { createGateway } from ${JSON.stringify(join(ROOT, 'src/index.ts'))};
const kept = [];
const ledgerStore = { append: async (rows) => void kept.push(...rows), close: async () => {} };
const gateway = createGateway({}, { host: { ledgerStore, log() {} } });
const url = 'data:image/png;base64,${IMAGE}';
const body = JSON.stringify({ model: 'simulator/fast', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] });
const request = new Request('http://sluice/v1/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
await (await gateway.fetch(request)).text();
await gateway.close();
const rows = kept.map(({ status, requestBody }) => [status, requestBody.includes(url)]);
postMessage(JSON.stringify([typeof SharedArrayBuffer, ...rows]));
`;

async function bundled(program: string): Promise<string> {
  writeFileSync(join(FOLDER, 'app.js'), program);
  const { outputs } = await Bun.build({ entrypoints: [join(FOLDER, 'app.js')], target: 'browser' });
  return (await outputs[0]?.text()) ?? '';
}

/** What it posts as a web worker of a page. */
async function runInWorker(bundle: string): Promise<unknown> {
  const script = { headers: { 'content-type': 'text/javascript' } };
  const routes = { '/': new Response('a page'), '/app.js': new Response(bundle, script) };
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', routes });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(server.url.href);
    return await page.evaluate(
      () =>
        new Promise((done) => {
          const worker = new Worker('/app.js', { type: 'module' });
          worker.onmessage = (message) => done(message.data);
          worker.onerror = (error) => done(`failed: ${error.message}`);
        }),
    );
  } finally {
    await browser.close();
    await server.stop(true);
  }
}

describe('the bundle', () => {
  let bundle = '';
  beforeAll(async () => {
    bundle = await bundled(PROGRAM);
  });

  test.skipIf(NODE === null)('runs on Node', async () => {
    const file = join(FOLDER, 'bundle.mjs');
    writeFileSync(file, bundle);
    const node = Bun.spawn([NODE ?? 'node', file], { stdout: 'pipe', stderr: 'pipe' });
    const [out, err] = await Promise.all([
      new Response(node.stdout).text(),
      new Response(node.stderr).text(),
    ]);
    expect({ out, err }).toEqual({ out: 'by fetch, by stream, 200 Sluice\n', err: '' });
  });

  test.skipIf(!hasBrowser)('runs in a web worker', async () => {
    expect(await runInWorker(bundle)).toBe('by fetch, by stream, 200 Sluice');
  });

  // A page that is not isolated has no shared memory; nor have Cloudflare's Workers.
  test.skipIf(!hasBrowser)('keeps rows, with their images, where no memory is shared', async () => {
    const said = await runInWorker(await bundled(RECORDING));
    expect(said).toBe(JSON.stringify(['undefined', ['success', true]]));
  });
});
