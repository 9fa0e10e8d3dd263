// A real gateway behind a proxy that reads what passes: one that answers in the server's place and repeats all that it
// was sent has who may use it shown nowhere, and what it will always refuse is asked once.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { ConfigInput } from '../../src/index.ts';
import { CHAT } from '../support/message-stream.ts';
import { leaksOf } from '../support/planted.ts';
import { createRawServer, type RawConnection, type RawServer } from '../support/raw-server.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';

const USER = 'qzUser-Bb8Nn2Mm';
const PASSWORD = 'qzPass:Jj4/Kk6 Ll8';
const BASIC = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');
const WRITTEN = `${USER}:${encodeURIComponent(PASSWORD)}`;
const SECRETS = { basic: BASIC, password: PASSWORD, written: encodeURIComponent(PASSWORD) };

const whole = (status: string, type: string, body: string) =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const chat = (content: string) =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  });

/** What the proxy answers for each host. @param told all that it knows of who asks. */
const ANSWERS: Record<string, (text: string) => string> = {
  page: (text) => whole('403 Forbidden', 'text/html', `<html><h1>Denied</h1><pre>${text}</pre></html>`),
  json: (text) => whole('400 Bad Request', 'application/json', JSON.stringify({ error: { message: text } })),
  busy: (text) => whole('503 Unavailable', 'application/json', JSON.stringify({ error: { message: text } })),
  inside: (text) => whole('200 OK', 'application/json', JSON.stringify({ error: { message: text } })),
  answer: (text) => whole('200 OK', 'application/json', chat(text)),
  stream: (text) =>
    whole(
      '200 OK',
      'text/event-stream',
      CHAT.start + CHAT.delta(JSON.stringify(text).slice(1, -1)) + CHAT.end,
    ),
  garbage: (text) => `${text}\r\n\r\n`,
  field: (text) => `HTTP/1.1 403 No\r\nx-asked: ${text}\r\ncontent-length: 0\r\n\r\n`,
};
/** The client's own answer may hold what its provider said. */
const GOES_ON = ['answer', 'stream'];

let proxy: RawServer;
let sluice: SluiceProcess;
const asked: string[] = [];

async function serve(connection: RawConnection) {
  for (;;) {
    const { line, fields } = await connection.request();
    const host = new URL(line.split(' ')[1] ?? '').hostname.replace('.example', '');
    asked.push(host);
    const prompt = `${fields.join(' ')} password ${PASSWORD} of http://${WRITTEN}@127.0.0.1:${proxy.port}`;
    const refused = whole('407 Who?', 'text/plain', 'who?');
    if (!(await connection.write(ANSWERS[host]?.(prompt) ?? refused))) return;
  }
}

const provider = (host: string) => ({
  dialect: 'openai-chat' as const,
  base_url: `http://${host}.example/v1`,
  api_key: 'key-of-the-lab',
  max_retries: 2,
  breaker: { enabled: false },
});
const hosts = [...Object.keys(ANSWERS), 'refused'];
const config: ConfigInput = {
  providers: Object.fromEntries(hosts.map((host) => [host, { ...provider(host), max_retries: 0 }])),
};

beforeAll(async () => {
  proxy = createRawServer({ serve });
  sluice = await startSluice({
    config: { ...config, providers: { ...config.providers, refused: provider('refused') } },
    environment: { all_proxy: `http://${WRITTEN}@127.0.0.1:${proxy.port}`, SLUICE_LOG: 'debug' },
  });
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
  proxy.close();
});

async function ask(path: string, body: object) {
  const response = await fetch(sluice.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], ...body }),
  });
  return { status: response.status, text: await response.text(), headers: [...response.headers] };
}

test('what it repeats of who may use it is in no error, row, log, page or live view', async () => {
  const live = await fetch(`${sluice.url}/gateway/streams/live`);
  const outputs: Record<string, string> = {};
  for (const host of Object.keys(ANSWERS))
    for (const path of ['/v1/chat/completions', '/v1/messages'])
      for (const stream of [true, false]) {
        const { status, text, headers } = await ask(path, { model: `${host}/m`, stream });
        expect([host, status === 200]).toEqual([host, GOES_ON.includes(host)]);
        const seen = GOES_ON.includes(host) ? headers : [headers, text];
        outputs[`${host} ${path} ${stream}`] = JSON.stringify(seen);
      }
  expect(asked).toEqual(Object.keys(ANSWERS).flatMap((host) => [host, host, host, host]));
  const audit = await sluice.get<{ total: number }>('/gateway/audit?include_bodies=true&limit=100');
  expect(audit.total).toBe(asked.length);
  const shown = {
    ...outputs,
    audit: JSON.stringify(audit),
    providers: JSON.stringify(await sluice.get('/gateway/providers')),
    metrics: await (await fetch(`${sluice.url}/metrics`)).text(),
    log: sluice.output(),
    live: await untilCompleted(live, asked.length),
  };
  expect(shown.audit).toContain('password [redacted] of http://');
  for (const [where, text] of Object.entries(shown))
    expect([where, leaksOf(SECRETS, text)]).toEqual([where, []]);
});

/** What a watcher read until so many requests were over. */
async function untilCompleted(live: Response, requests: number): Promise<string> {
  const reader = live.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while ([...text.matchAll(/"type":"(completed|error)"/g)].length < requests) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) throw new Error('the live view ended');
    text += value;
  }
  await reader?.cancel();
  return text;
}

test('one that wants to know who asks is asked once', async () => {
  asked.length = 0;
  const { status, text } = await ask('/v1/chat/completions', { model: 'refused/m' });
  expect(status).toBe(502);
  expect(text).toContain('does not accept the user and password in all_proxy (407); correct them');
  expect(asked).toEqual(['refused']);
});
