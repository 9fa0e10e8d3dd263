// `sluice replay`: a recorded request is sent again, and the difference of the answers is shown.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { DIALECT_IDS } from '../../src/model/dialect-id.ts';
import { runCommand } from '../support/cli-run.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { eventually } from '../support/time-limit.ts';

let sluice: SluiceProcess;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice[Symbol.asyncDispose]());

const TOOL = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

const REQUESTS: Record<
  string,
  (model: string, text: string, stream: boolean) => [path: string, body: object]
> = {
  'anthropic-messages': (model, text, stream) => [
    '/v1/messages',
    { model, stream, max_tokens: 99, messages: [{ role: 'user', content: text }] },
  ],
  'openai-chat': (model, text, stream) => [
    '/v1/chat/completions',
    { model, stream, messages: [{ role: 'user', content: text }] },
  ],
  'openai-responses': (model, text, stream) => ['/v1/responses', { model, stream, input: text }],
  gemini: (model, text, stream) => [
    `/v1beta/models/${model}:${stream ? 'streamGenerateContent' : 'generateContent'}`,
    { contents: [{ role: 'user', parts: [{ text }] }] },
  ],
  'ollama-chat': (model, text, stream) => [
    '/api/chat',
    { model, stream, messages: [{ role: 'user', content: text }] },
  ],
};

/** Returns the request's id once its row is there. */
async function send(
  url: string,
  [path, body]: [path: string, body: object],
  headers: Record<string, string> = {},
): Promise<string> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  await response.text();
  const id = response.headers.get('x-sluice-request-id') ?? '';
  await rowOf(url, id);
  return id;
}

async function rowOf(url: string, id: string): Promise<void> {
  await eventually(async () => {
    const page = await fetch(`${url}/gateway/audit?request_id=${id}`);
    return ((await page.json()) as { total: number }).total === 1;
  });
}

function replay(args: string[], url = sluice.url) {
  return runCommand(['replay', '--url', url, ...args], { environment: { SLUICE_HOME: sluice.home } });
}

/** What only the path names. */
const BY_PATH: Record<string, [path: string, body: object]> = {
  'Azure’s deployment': [
    '/openai/deployments/simulator%2Fecho,fast/chat/completions?api-version=1',
    { stream: true, messages: [{ role: 'user', content: 'one two three' }] },
  ],
  'Google Cloud’s model and method': [
    '/v1/projects/p/locations/l/publishers/anthropic/models/simulator%2Fecho,fast:streamRawPredict',
    {
      anthropic_version: 'vertex-2023-10-16',
      max_tokens: 99,
      messages: [{ role: 'user', content: 'one two three' }],
    },
  ],
};

test.each(Object.entries(BY_PATH))('%s is asked again', async (_, request) => {
  const { code, out, err } = await replay([await send(sluice.url, request)]);
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out).toContain('the text is the same');
});

describe.each(Object.keys(REQUESTS))('%s', (dialect) => {
  test.each([true, false])('asked again it says the same (streamed: %p)', async (stream) => {
    const id = await send(
      sluice.url,
      REQUESTS[dialect]?.('simulator/echo,fast', 'one two three', stream) ?? ['', {}],
    );
    const { code, out, err } = await replay([id]);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain('the text is the same');
    expect(out).toContain('the tool calls are the same');
    expect(out).toMatch(/target +simulator\/echo,fast +simulator\/echo,fast/);
    expect(out).toMatch(/tokens +\d+→\d+ +\d+→\d+/);
    const again = JSON.parse((await replay([id, '--json'])).out) as { before: { answer: { text: string } } };
    expect(again.before.answer.text).toBe('one two three');
  });
});

test.each([true, false])(
  'that a secret is taken out of what goes again is said (there was one: %p)',
  async (had) => {
    const text = had ? `my key is sk-ant-api03-${'a1B2'.repeat(8)}` : 'no key';
    const id = await send(
      sluice.url,
      REQUESTS['openai-chat']?.('simulator/echo,fast', text, false) ?? ['', {}],
    );
    const { code, out } = await replay([id]);
    expect(code).toBe(0);
    expect(out.includes('secrets were removed from the recorded request: [redacted] was sent')).toBe(had);
    expect(JSON.parse((await replay([id, '--json'])).out).request_redacted).toBe(had);
  },
);

test('another target: the difference word by word, and in the calls', async () => {
  const [path, body] = REQUESTS['openai-chat']?.(
    'simulator/text,fast,tokens=5',
    'Weather in Oslo?',
    true,
  ) ?? ['', {}];
  const tools = [{ type: 'function', function: { name: 'get_weather', parameters: TOOL } }];
  const id = await send(sluice.url, [path, { ...body, tools }]);
  const { out } = await replay([id, '--to', 'simulator/fast']);
  expect(out).toContain('the text differs');
  expect(out).toMatch(/^ {2}- \S/m);
  expect(out).toContain('the tool calls differ:');
  expect(out).toMatch(/^ {2}\+ get_weather\(\{.*"city"/m);
  expect(out).toMatch(/target +simulator\/text,fast,tokens=5 +simulator\/fast/);
});

test('long answers that have hardly a word in common are distinguished at once', async () => {
  // Word by word it would take minutes.
  const said = Array.from({ length: 6_000 }, (_, index) => `w${index}`).join(' ');
  const asked = REQUESTS['openai-chat']?.('simulator/echo,fast', said, false) ?? ['', {}];
  const id = await send(sluice.url, asked);
  const { out } = await replay([id, '--to', 'simulator/text,fast,tokens=6000', '--json']);
  const { text } = JSON.parse(out) as { text: string[] };
  expect(text).toEqual([`- ${said}`, expect.stringMatching(/^\+ \w/)]);
});

test('--speed first plays what was recorded', async () => {
  const id = await send(
    sluice.url,
    REQUESTS['openai-chat']?.('simulator/echo,fast', 'played words', true) ?? ['', {}],
  );
  const { out } = await replay([id, '--speed', '100']);
  expect(out).toStartWith('played words\n\n');
});

test('an answer that failed is reported as what it was', async () => {
  const id = await send(sluice.url, REQUESTS['openai-chat']?.('simulator/fault=400', 'x', true) ?? ['', {}]);
  const { code, out } = await replay([id, '--to', 'simulator/echo,fast']);
  expect(code).toBe(0);
  expect(out).toMatch(/status +error 400 +success 200/);
  expect(out).toContain(`${id} has no answer: `);
});

test('what came of an answer is played and compared: one that broke off, one that was left, one that was cut', async () => {
  const ask = REQUESTS['openai-chat'];
  const broken = await send(sluice.url, ask?.('simulator/text,fast,fault=cut:5', 'x', true) ?? ['', {}]);
  const again = await replay([broken, '--speed', '100000', '--to', 'simulator/text,fast']);
  expect(again.out).toMatch(/^Hello! This.*\n\n/);
  expect(again.out).toMatch(/has no whole answer: connection lost: /);
  // Only what is new: what came before is the beginning of it.
  expect(again.out).toContain('the text differs');
  expect(again.out).not.toMatch(/^ {2}- Hello/m);
  expect(again.out).not.toMatch(/^ {2}\+ Hello/m);

  const leaving = new AbortController();
  const [path, body] = ask?.('simulator/demo', 'x', true) ?? ['', {}];
  const response = await fetch(sluice.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: leaving.signal,
  });
  await response.body?.getReader().read();
  leaving.abort();
  const left = response.headers.get('x-sluice-request-id') ?? '';
  await rowOf(sluice.url, left);
  const whole = await replay([left, '--to', 'simulator/fast']);
  expect(whole).toMatchObject({ code: 0, err: '' });
  expect(whole.out).toMatch(/has no (whole )?answer: the client left before it was complete/);

  const long = await send(sluice.url, ask?.('simulator/text,fast,tokens=20000', 'x', true) ?? ['', {}]);
  const { out } = await replay([long, '--to', 'simulator/echo,fast']);
  expect(out).toContain('has no whole answer: the answer was too long to be kept whole');
  const longWhole = await send(
    sluice.url,
    ask?.('simulator/text,fast,tokens=400000', 'x', false) ?? ['', {}],
  );
  expect((await replay([longWhole, '--to', 'simulator/echo,fast'])).out).toContain(
    'has no answer: the answer was too long to be kept whole',
  );
});

test.each(['reviewer', 'größer 🦭'])('%s asks again, also where a header named it', async (name) => {
  const label = Buffer.from(name).toString('latin1');
  const request = REQUESTS['openai-chat']?.('simulator/echo,fast', 'x', false) ?? ['', {}];
  const id = await send(sluice.url, request, { 'x-sluice-agent': label, 'x-sluice-project': label });
  const { after } = JSON.parse((await replay([id, '--json'])).out);
  expect(after.entry).toMatchObject({ agent_type: name, project_id: name });
});

test('who asked, by a header or the key, takes precedence over the body again', async () => {
  await using keyed = await startSluice({
    config: { server: { keys: ['of-the-operator'], project_keys: { web: ['key-of-web'] } } },
  });
  const body = { model: 'simulator/fast', messages: [{ role: 'user', content: 'hi' }], project_id: 'data' };
  const response = await fetch(`${keyed.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-sluice-key': 'key-of-web', 'x-sluice-agent': 'coder' },
    body: JSON.stringify({ ...body, agent_type: 'writer' }),
  });
  await response.text();
  const id = response.headers.get('x-sluice-request-id') ?? '';
  const { out, err } = await runCommand(
    ['replay', '--config', `${keyed.home}/sluice.json`, '--url', keyed.url, id, '--json'],
    {
      environment: { SLUICE_HOME: keyed.home },
    },
  );
  expect(err).toBe('');
  expect(JSON.parse(out)).toMatchObject({ after: { entry: { agent_type: 'coder', project_id: 'web' } } });
});

test.each([
  ['anthropic-messages', { 'anthropic-version': '2023-01-01', 'anthropic-beta': 'one-2026-01-01,two' }],
  ['openai-chat', { 'openai-beta': 'one=v1' }],
  ['openai-responses', { 'openai-beta': 'one=v1' }],
] as const)(
  'what headers asked for is asked for again, of %s; no other is kept',
  async (dialect, features) => {
    const came: Record<string, string>[] = [];
    await using provider = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch(request) {
        came.push(Object.fromEntries(request.headers));
        return Response.json({ error: { message: 'no', type: 'invalid_request_error' } }, { status: 400 });
      },
    });
    await using lab = await startSluice({
      config: {
        providers: { lab: { dialect, base_url: provider.url.href, api_key: 'k' } },
        routing: { default_provider: 'lab' },
      },
    });
    const request = REQUESTS[dialect]?.('m', 'x', false) ?? ['', {}];
    const id = await send(lab.url, request, { ...features, 'x-of-the-client': 'secret' });
    await replay([id], lab.url);
    expect(came).toEqual([expect.objectContaining(features), expect.objectContaining(features)]);
    const page = (bodies: boolean) =>
      lab.get<{ entries: { request_headers?: object }[] }>(
        `/gateway/audit?include_bodies=${bodies}&request_id=${id}`,
      );
    expect((await page(true)).entries[0]?.request_headers).toEqual(features);
    expect((await page(false)).entries[0]).not.toHaveProperty('request_headers');
  },
);

test.each([true, false])(
  'the path has the model, whatever Gemini’s clients put into the body (streamed: %p)',
  async (stream) => {
    const [path, body] = REQUESTS.gemini?.('simulator/echo,fast', 'one two', stream) ?? ['', {}];
    const id = await send(sluice.url, [path, { model: 'models/gemini-9', ...body }]);
    expect((await replay([id])).out).toMatch(/target +simulator\/echo,fast +simulator\/echo,fast/);
  },
);

test('a target that a header named is asked again, and --to another', async () => {
  const request = REQUESTS['openai-chat']?.('gpt-9', 'x', false) ?? ['', {}];
  const id = await send(sluice.url, request, { 'x-sluice-target': 'simulator/echo,fast' });
  expect((await replay([id])).out).toMatch(/target +simulator\/echo,fast +simulator\/echo,fast/);
  const other = await replay([id, '--to', 'simulator/text,fast']);
  expect(other.out).toMatch(/target +simulator\/echo,fast +simulator\/text,fast/);
});

/** Answers below `/NAME`, whatever is asked. */
const STRANGERS: Record<string, () => Response> = {
  json: () => Response.json({ hello: 'world', content: 'text', choices: 'none', output: {}, candidates: 3 }),
  page: () => new Response('<html>Welcome</html>', { headers: { 'content-type': 'text/html' } }),
  nothing: () => new Response(null, { status: 204 }),
  'a-broken-page': () =>
    new Response('<html>Sorry</html>', { status: 500, headers: { 'content-type': 'text/html' } }),
  'a-stream': () =>
    new Response('data: {"hello":1}\n\n', { headers: { 'content-type': 'text/event-stream' } }),
};

describe('strangers', () => {
  const stranger = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => STRANGERS[new URL(request.url).pathname.split('/')[1] ?? '']?.() ?? new Response(),
  });
  afterAll(() => stranger.stop(true));

  test.each(DIALECT_IDS)('as a provider of %s: what it did is reported, by its name', async (dialect) => {
    const names = Object.keys(STRANGERS);
    const provider = (name: string) => ({
      dialect,
      base_url: `${stranger.url}${name}`,
      api_key: 'k',
      max_retries: 0,
    });
    await using lab = await startSluice({
      config: { providers: Object.fromEntries(names.map((name) => [name, provider(name)])) },
    });
    for (const streamed of [false, true]) {
      const request = REQUESTS[dialect]?.('simulator/echo,fast', 'one two', streamed) ?? ['', {}];
      const id = await send(lab.url, request);
      for (const name of names) {
        const { code, out, err } = await replay([id, '--to', `${name}/m`], lab.url);
        expect({ name, code, err }).toEqual({ name, code: 1, err: '' });
        expect(out).toMatch(new RegExp(`has no answer: (connection lost: )?${name}[: ]`));
        expect(out).not.toContain('the text differs');
      }
    }
  });

  test('a gateway that records nothing is asked in vain, and says why', async () => {
    await using silent = await startSluice({ config: { audit: { enabled: false } } });
    expect(await replay(['some-id'], silent.url)).toMatchObject({
      code: 1,
      err: expect.stringContaining('answered 404: nothing is recorded: set audit.enabled to true'),
    });
  });

  test.each(['json', 'page', 'nothing', 'a-stream'])('in place of the gateway: %s', async (name) => {
    expect(await replay(['some-id'], `${stranger.url}${name}`)).toMatchObject({
      code: 1,
      err: expect.stringContaining('but it is not Sluice; check the address'),
    });
  });
});

test('a picture larger than a kept body goes again as it was', async () => {
  const image = Buffer.from(Array.from({ length: 1_200_000 }, (_, at) => (at * 31) % 256)).toString('base64');
  const content = [
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } },
    { type: 'text', text: 'What is it?' },
  ];
  const body = { model: 'simulator/echo,fast', max_tokens: 99, messages: [{ role: 'user', content }] };
  const id = await send(sluice.url, ['/v1/messages', body]);
  const again = JSON.parse((await replay([id, '--json'])).out);
  expect(again.same_text).toBe(true);
  const sent = await sluice.get<{ entries: { request_body: string }[] }>(
    `/gateway/audit?include_binaries=true&include_bodies=true&request_id=${again.after.entry.request_id}`,
  );
  expect(sent.entries[0]?.request_body).toContain(`"data":"${image}"`);
  const audit = await sluice.get<{ entries: { request_body: string }[] }>(
    `/gateway/audit?include_bodies=true&request_id=${id}`,
  );
  expect(audit.entries[0]?.request_body).toMatch(/"data":"sluice-binary:[0-9a-f]{64};image\/png;1200000"/);
});

describe('what cannot be replayed says why', () => {
  test('a picture that is not kept', async () => {
    const reference = `sluice-binary:${'ab'.repeat(32)};image/png;999`;
    const [path, body] = REQUESTS['openai-chat']?.('simulator/echo,fast', reference, false) ?? ['', {}];
    const id = await send(sluice.url, [path, body]);
    expect(await replay([id])).toMatchObject({
      code: 1,
      err: expect.stringContaining('image/png of 999 bytes'),
    });
  });

  test('no such request', async () => {
    expect(await replay(['nothing'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('no request nothing'),
    });
  });

  test.each([
    ['/v1/embeddings', { model: 'simulator/fast', input: 'x' }, 'embed'],
    [
      '/v1/messages/count_tokens',
      { model: 'simulator/fast', messages: [{ role: 'user', content: 'x' }] },
      'count-tokens',
    ],
  ])('what asks for no answer: %s is not sent as a message', async (path, body, kind) => {
    const id = await send(sluice.url, [path, body]);
    const { code, err } = await replay([id]);
    expect(code).toBe(1);
    expect(err).toContain(`is of the kind ${kind}: only generation requests`);
  });

  test('a body that was not kept', async () => {
    await using quiet = await startSluice({ config: { audit: { log_request_bodies: false } } });
    const id = await send(quiet.url, REQUESTS['openai-chat']?.('simulator/fast', 'x', false) ?? ['', {}]);
    expect(await replay([id], quiet.url)).toMatchObject({
      code: 1,
      err: expect.stringContaining('audit.log_request_bodies'),
    });
  });

  test('a request that was refused before its body was read', async () => {
    await using gateway = await startSluice();
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { origin: 'https://elsewhere.test' },
      body: '{}',
    });
    const id = response.headers.get('x-sluice-request-id') ?? '';
    const { code, err } = await replay([id], gateway.url);
    expect(code).toBe(1);
    expect(err).toContain('was refused before its body was read');
    expect(err).not.toContain('log_request_bodies');
  });

  test('a wrong command line', async () => {
    expect((await replay([])).code).toBe(2);
    expect((await replay(['x', '--speed', '0'])).code).toBe(2);
    expect(await replay(['x', '--speed', '2', '--json'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--speed and --json cannot be combined'),
    });
  });
});
