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
await gateway.close();
if (typeof postMessage === 'function') postMessage(said);
else console.log(said);
`;

let bundle = '';
beforeAll(async () => {
  writeFileSync(join(FOLDER, 'app.js'), PROGRAM);
  const { outputs } = await Bun.build({ entrypoints: [join(FOLDER, 'app.js')], target: 'browser' });
  bundle = (await outputs[0]?.text()) ?? '';
});

describe('the bundle', () => {
  test.skipIf(NODE === null)('runs on Node', async () => {
    const file = join(FOLDER, 'bundle.mjs');
    writeFileSync(file, bundle);
    const node = Bun.spawn([NODE ?? 'node', file], { stdout: 'pipe', stderr: 'pipe' });
    const [out, err] = await Promise.all([
      new Response(node.stdout).text(),
      new Response(node.stderr).text(),
    ]);
    expect({ out, err }).toEqual({ out: 'by fetch, by stream\n', err: '' });
  });

  test.skipIf(!hasBrowser)('runs in a web worker', async () => {
    const script = { headers: { 'content-type': 'text/javascript' } };
    const routes = { '/': new Response('a page'), '/app.js': new Response(bundle, script) };
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', routes });
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(server.url.href);
      const said = await page.evaluate(
        () =>
          new Promise((done) => {
            const worker = new Worker('/app.js', { type: 'module' });
            worker.onmessage = (message) => done(message.data);
            worker.onerror = (error) => done(`failed: ${error.message}`);
          }),
      );
      expect(said).toBe('by fetch, by stream');
    } finally {
      await browser.close();
      await server.stop(true);
    }
  });
});
