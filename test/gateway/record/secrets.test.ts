// Secrets appear in no log line, error, audit row, page or file, not even a prefix (GUARANTEES 18).
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'bun:test';
import { createGateway, GatewayError, type ConfigInput, type GatewayHost } from '../../../src/index.ts';
import { createSqliteStore } from '../../../src/ledger/sqlite/store.ts';
import { createExporter } from '../../../src/opentelemetry/exporter.ts';
import { createLog } from '../../../src/server/log.ts';
import { CHAT, MESSAGE, wholeMessage } from '../../support/message-stream.ts';
import { leaksOf } from '../../support/planted.ts';
import { readEvents } from '../../support/read-events.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith, type SeenRequest } from '../../support/reply.ts';
import { createServedGateway, createTestGateway } from '../../support/test-gateway.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** One for every place that a secret can come from, none shaped like a known vendor's key but the last two. */
const SECRETS = {
  configured: 'qzConfigured-Hx7Lw2mKp9',
  header: 'qzHeader:Vb3/Nn8=Rt5+Yy1',
  cookie: 'qzCookie-Kk2Jj4Hh6Gg8',
  server: 'qzServer_Dd4Ff6Gg8Jj0',
  bearer: 'qzBearer.Mm1Nn3Bb5Vv7',
  apiKey: 'sk-ant-api03-qzApi-Zz2Xx4Cc6',
  google: 'AIzaSyqzGoogle-Qq1Ww3Ee5Rr7',
};
type SecretName = keyof typeof SECRETS;
/** Of the collector of traces: nobody else ever sees it. */
const COLLECTOR_KEY = 'qzCollector-Ss8Tt6Uu4Ww2';

/** In base64 too. */
function leaksIn(text: string): string[] {
  const decoded = (text.match(/[\w+/-]{12,}/g) ?? []).map((run) =>
    Buffer.from(run, 'base64').toString('latin1'),
  );
  return leaksOf({ ...SECRETS, collector: COLLECTOR_KEY }, [text, ...decoded].join('\n'));
}

/** As vendors echo keys: whole, masked in the middle, the beginning alone, in a JSON text, in a URL. */
const ECHOES: [string, (secret: string) => string][] = [
  ['whole', (secret) => `Incorrect API key provided: ${secret}. You can find yours at https://vendor.test.`],
  ['masked', (secret) => `Incorrect API key provided: ${secret.slice(0, 10)}*****${secret.slice(-4)}.`],
  ['with an ellipsis', (secret) => `invalid key "${secret.slice(0, 12)}..."`],
  ['by its beginning alone', (secret) => `no project has the key ${secret.slice(0, 12)}, which was revoked`],
  [
    'quoted in JSON',
    (secret) =>
      `bad request: ${JSON.stringify({ headers: { 'x-api-key': secret, authorization: `Bearer ${secret}` } })}`,
  ],
  ['in base64', (secret) => `cannot use ${btoa(secret)} here`],
  ['as a Basic header', (secret) => `bad header: Basic ${btoa(`user:${secret}`)}`],
  ['as a body in base64', (secret) => JSON.stringify({ sent: btoa(JSON.stringify({ key: secret })) })],
  ['in a URL', (secret) => `POST https://vendor.test/v1?key=${encodeURIComponent(secret)} failed`],
];

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const ASK = { max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

function setup(
  reply: (request: SeenRequest) => Reply,
  keys: string[] = [],
  own: { headers?: Record<string, string> } = {},
) {
  const directory = temporaryFolder('secrets');
  directories.push(directory);
  const lines: string[] = [];
  const log = createLog({ format: 'json', level: 'debug', write: (line) => lines.push(line) });
  const upstream = createReplayFetch(reply);
  const provider = {
    api_key: SECRETS.configured,
    headers: { 'x-team-secret': SECRETS.header, cookie: `session=${SECRETS.cookie}` },
    max_retries: 0,
    breaker: { enabled: false },
  };
  const config: ConfigInput = {
    server: { keys },
    providers: {
      claude: { dialect: 'anthropic-messages', base_url: 'http://upstream.test', ...provider, ...own },
      gpt: { dialect: 'openai-chat', base_url: 'http://upstream.test/v1', ...provider, ...own },
    },
    routing: { default_provider: 'claude' },
  };
  const telemetry = collected(log);
  const gateway = createServedGateway(config, {
    host: {
      fetch: upstream.fetch,
      ledgerStore: createSqliteStore(join(directory, 'sluice.db')),
      log,
      telemetry: telemetry.exporter,
    },
  });
  const get = async (path: string) => {
    const headers: Record<string, string> = keys.length === 0 ? {} : { 'x-sluice-key': SECRETS.server };
    return (await gateway.fetch(new Request(`http://127.0.0.1:8088${path}`, { headers }))).text();
  };
  async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
    const response = await gateway.fetch(
      new Request(`http://127.0.0.1:8088${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    );
    const text = await response.text().catch(() => '');
    return { status: response.status, text, headers: JSON.stringify([...response.headers]) };
  }
  /** Everything that anyone could read afterwards. */
  async function everything(): Promise<Record<string, string>> {
    const pages = [
      '/gateway/audit?include_bodies=true',
      '/gateway/metrics?include_agent&include_project',
      '/metrics',
      '/gateway/providers',
      '/gateway/health',
    ];
    const outputs: Record<string, string> = {};
    for (const page of pages) outputs[page] = await get(page);
    await gateway.close();
    outputs.otlp = await telemetry.everything();
    expect(outputs.otlp).toContain('gen_ai.operation.name');
    outputs.log = lines.join('\n');
    for (const name of readdirSync(directory)) outputs[name] = readFileSync(join(directory, name), 'latin1');
    return outputs;
  }
  return { gateway, post, everything, upstream };
}

/** What a collector is told that fails each time: its own key goes to it in a header, and must not be logged either. */
function collected(log: GatewayHost['log']) {
  let sent = '';
  const target = (signal: string, encoding: 'json' | 'protobuf') => ({
    url: `http://collector.test/v1/${signal}?key=${COLLECTOR_KEY}`,
    headers: { authorization: `Bearer ${COLLECTOR_KEY}` },
    encoding,
    timeoutMs: 1_000,
  });
  const exporter = createExporter(
    {
      traces: target('traces', 'json'),
      metrics: target('metrics', 'protobuf'),
      resource: {},
      traceDelayMs: 60_000,
      metricIntervalMs: 60_000,
      temporality: 'cumulative',
      problems: [],
    },
    {
      now: Date.now,
      setTimer: () => () => {},
      version: '1.2.3',
      randomId: () => 'one',
      systemOf: (name) => name,
      addressOf: () => undefined,
      connections: () => [],
      log,
      async fetch(url, { body }) {
        sent += new TextDecoder('latin1').decode(body as Uint8Array<ArrayBuffer>);
        throw new Error(`cannot reach ${url}`);
      },
    },
  );
  return {
    exporter,
    async everything() {
      await exporter.close();
      return sent;
    },
  };
}

function expectClean(places: Record<string, string>): void {
  for (const [place, text] of Object.entries(places))
    expect({ place, leaks: leaksIn(text) }).toEqual({ place, leaks: [] });
}

const errorReply = (path: string, message: string, status: number): Reply =>
  jsonReply(
    path.includes('chat')
      ? { error: { message, type: 'invalid_request_error', code: 'invalid_api_key', param: null } }
      : { type: 'error', error: { type: 'authentication_error', message } },
    { status },
  );

const PATHS = ['/v1/messages', '/v1/chat/completions'] as const;
const MODELS = ['claude/m', 'gpt/m'] as const;

test('the check finds what it looks for', () => {
  for (const secret of Object.values(SECRETS)) {
    expect(leaksIn(`a ${secret} b`)).not.toEqual([]);
    expect(leaksIn(`a ${secret.replace(/^(sk-ant-api03-|AIzaSy)/, '').slice(0, 9)}…`)).not.toEqual([]);
  }
  expect(leaksIn('sk-ant-api03-…')).toEqual([]);
});

describe('a provider that echoes keys', () => {
  for (const [how, echo] of ECHOES) {
    for (const model of MODELS) {
      test(`${how}, ${model}: in no answer, row, page, log or file`, async () => {
        const outputs: Record<string, string> = {};
        const modes: ((path: string, message: string) => Reply)[] = [
          (path, message) => errorReply(path, message, 401),
          (path, message) => errorReply(path, message, 400),
          (path, message) => errorReply(path, message, 500),
          (path, message) => errorReply(path, message, 200),
          (_, message) => replyWith(message, { status: 502, headers: { 'content-type': 'text/plain' } }),
          (_, message) =>
            replyWith(`<html><title>${message}</title>${message}</html>`, {
              status: 503,
              headers: { 'content-type': 'text/html' },
            }),
        ];
        let secret = '';
        let mode: (typeof modes)[number] = modes[0] ?? (() => replyWith(''));
        const lab = setup((request) => mode(request.path, echo(secret)));
        for (const [index, reply] of modes.entries()) {
          mode = reply;
          for (const name of ['configured', 'header', 'bearer', 'apiKey', 'google'] as SecretName[]) {
            secret = SECRETS[name];
            for (const path of PATHS) {
              for (const stream of [true, false]) {
                const answer = await lab.post(path, { ...ASK, model, stream }, headersFor(name));
                expect(answer.status).toBeGreaterThanOrEqual(400);
                outputs[`${index} ${name} ${path} ${stream}`] = answer.text + answer.headers;
              }
            }
          }
        }
        expectClean({ ...outputs, ...(await lab.everything()) });
      });

      test(`${how}, ${model}: in no error inside a stream`, async () => {
        const outputs: Record<string, string> = {};
        let secret = '';
        const lab = setup((request) => {
          const message = echo(secret);
          return request.path.includes('chat')
            ? replyWith(
                `${CHAT.start}${CHAT.delta('begun')}data: ${JSON.stringify({ error: { message, type: 'server_error', code: null } })}\n\n`,
              )
            : replyWith(
                MESSAGE.start + MESSAGE.block + MESSAGE.delta('begun') + MESSAGE.error('api_error', message),
              );
        });
        for (const name of ['configured', 'header', 'bearer', 'apiKey', 'google'] as SecretName[]) {
          secret = SECRETS[name];
          for (const path of PATHS) {
            const answer = await lab.post(path, { ...ASK, model, stream: true }, headersFor(name));
            expect(answer.status).toBe(200);
            expect(answer.text).toContain('begun');
            expect(answer.text.match(/"error":/g)).toHaveLength(1);
            for (const { data } of readEvents(new TextEncoder().encode(answer.text))) JSON.parse(data);
            outputs[`${name} ${path}`] = answer.text + answer.headers;
          }
        }
        expectClean({ ...outputs, ...(await lab.everything()) });
      });
    }
  }

  for (const model of MODELS) {
    test(`in the type, code and parameter of an error, ${model}: in no answer, row, page, log or file`, async () => {
      const outputs: Record<string, string> = {};
      const error = {
        message: 'refused',
        type: SECRETS.configured,
        code: SECRETS.header,
        param: SECRETS.configured,
      };
      const event = `event: error\ndata: ${JSON.stringify({ type: 'error', error })}\n\n`;
      let begins = true;
      const lab = setup((request) => {
        const [start, begun] = request.path.includes('chat')
          ? [CHAT.start, CHAT.delta('begun')]
          : [MESSAGE.start, MESSAGE.block + MESSAGE.delta('begun')];
        if ((request.json() as { stream?: boolean }).stream !== true)
          return jsonReply({ type: 'error', error }, { status: 400 });
        return replyWith(start + (begins ? begun : '') + event);
      });
      for (const path of PATHS) {
        for (const stream of [true, false]) {
          for (begins of [true, false]) {
            const answer = await lab.post(path, { ...ASK, model, stream });
            expect(answer.text).toContain('refused');
            outputs[`${path} ${stream} ${begins}`] = answer.text + answer.headers;
          }
        }
      }
      expectClean({ ...outputs, ...(await lab.everything()) });
    });
  }

  test('in an event that cannot be read: in no log line', async () => {
    const broken = `data: {"broken": ${SECRETS.configured} ${SECRETS.header}\n\n`;
    const lab = setup((request) =>
      request.path.includes('chat')
        ? replyWith(CHAT.start + CHAT.delta('a') + broken + CHAT.end)
        : replyWith(
            MESSAGE.start +
              MESSAGE.block +
              broken.replace('data:', 'event: content_block_delta\ndata:') +
              MESSAGE.delta('a') +
              MESSAGE.end,
          ),
    );
    // The same dialect passes the provider's bytes as they are; what the gateway says and keeps is its own.
    const outputs: Record<string, string> = {};
    for (const model of MODELS) {
      for (const path of PATHS) {
        const { text } = await lab.post(path, { ...ASK, model, stream: true });
        if ((path === '/v1/messages') !== (model === 'claude/m')) outputs[`${model} ${path}`] = text;
      }
    }
    expectClean({ ...outputs, ...(await lab.everything()) });
  });
});

describe('a provider that echoes what came by another way than the usual', () => {
  const secret = 'qzOther-Hx7Lw2mKp9Vb3';
  const basic = btoa(`someone:${secret}`);
  const places: [string, { headers?: Record<string, string>; query?: string; configured?: string }][] = [
    ['configured as Bearer', { configured: `Bearer ${secret}` }],
    ['configured as Basic', { configured: `Basic ${basic}` }],
    ['api-key of the client', { headers: { 'api-key': secret } }],
    ['authorization without a scheme', { headers: { authorization: secret } }],
    ['authorization: Basic', { headers: { authorization: `Basic ${basic}` } }],
    ['a header of some proxy', { headers: { 'x-portal-api-key': secret } }],
    ['the key of Azure API Management', { headers: { 'ocp-apim-subscription-key': secret } }],
    ["a header of a server's own", { headers: { 'x-team-token': secret } }],
    [
      'authorization in a scheme with fields',
      { headers: { authorization: `Token token="${secret}", user=me` } },
    ],
    ['?api_key=', { query: `?api_key=${secret}` }],
    ['?access_token=', { query: `?access_token=${secret}` }],
  ];
  test.each(places)('%s', async (_, { headers = {}, query = '', configured }) => {
    const message = `who is ${secret}, or ${basic}?`;
    const lab = setup(
      ({ path }) => {
        const reply = errorReply(path, message, 403);
        return { ...reply, headers: { ...reply.headers, 'x-said': message, 'www-authenticate': message } };
      },
      [],
      {
        ...(configured === undefined ? {} : { headers: { authorization: configured } }),
      },
    );
    const outputs: Record<string, string> = {};
    for (const model of MODELS) {
      for (const path of PATHS) {
        const answer = await lab.post(path + query, { ...ASK, model }, headers);
        expect(answer.status).toBe(403);
        outputs[`${model} ${path}`] = answer.text + answer.headers;
      }
    }
    const all = { ...outputs, ...(await lab.everything()) };
    const isBasic = configured?.startsWith('Basic') === true || headers.authorization === `Basic ${basic}`;
    for (const [place, text] of Object.entries(all))
      expect({ place, leaks: leaksOf({ secret, ...(isBasic ? { basic } : {}) }, text) }).toEqual({
        place,
        leaks: [],
      });
  });
});

test('in the headers of an answer that succeeds: the client gets them without the gateway’s keys', async () => {
  const lab = setup(({ path, headers, body }) => {
    const told = {
      'x-asked-with': `key ${headers.get('x-api-key') ?? headers.get('authorization')}, ${headers.get('x-team-secret')}`,
      'x-session': `${headers.get('cookie')}`,
      'x-team': 'red',
    };
    if (path === '/v1/files') return jsonReply({ id: 'file-1' }, { headers: told });
    if (path === '/v1/embeddings') return jsonReply({ data: [], model: 'm' }, { headers: told });
    return new TextDecoder().decode(body).includes('"stream":true')
      ? replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('a') + MESSAGE.end, { headers: told })
      : jsonReply(wholeMessage('fine'), { headers: told });
  });
  const asked: [path: string, body: object][] = [
    ['/v1/messages', { ...ASK, model: 'claude/m' }],
    ['/v1/messages', { ...ASK, model: 'claude/m', stream: true }],
    ['/v1/files', { model: 'gpt/m' }],
    ['/v1/embeddings', { model: 'gpt/m', input: 'hi' }],
  ];
  for (const [path, body] of asked) {
    const { status, headers } = await lab.post(path, body);
    expect(status).toBe(200);
    expect({ path, leaks: leaksIn(headers) }).toEqual({ path, leaks: [] });
    expect(headers).toMatch(/"key (Bearer )?\[redacted\], \[redacted\]"/);
    expect(headers).toContain('["x-team","red"]');
  }
});

test('in the headers of an answer that succeeds: neither a token that was fetched for the request', async () => {
  const token = 'qzFetched-Rr3Ss5Tt7Uu9';
  const upstream = createReplayFetch(({ headers }) =>
    jsonReply(
      { candidates: [{ content: { parts: [{ text: 'fine' }] }, finishReason: 'STOP' }] },
      { headers: { 'x-asked-with': headers.get('authorization') ?? '' } },
    ),
  );
  const { gateway } = createTestGateway({
    config: { providers: { vertex: { options: { project: 'p', location: 'global' }, max_retries: 0 } } },
    host: { authorize: async () => ({ authorization: `Bearer ${token}` }) },
    fetch: upstream.fetch,
  });
  const response = await gateway.fetch(
    new Request('http://127.0.0.1:8088/v1beta/models/gemini-2.5-pro:generateContent', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }),
    }),
  );
  expect(upstream.requests.at(-1)?.headers.get('authorization')).toBe(`Bearer ${token}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('x-asked-with')).toBe('Bearer [redacted]');
});

test('in what a model says: not in the live view and in no row, however it is cut', async () => {
  const said = `Your keys: ${Object.values(SECRETS).join(' ')}, and that is all.`;
  for (const cut of [1, 3, 7]) {
    const pieces = said.match(new RegExp(`[^]{1,${cut}}`, 'g')) ?? [];
    const answer = (request: SeenRequest) =>
      request.path.includes('chat')
        ? replyWith(CHAT.start + pieces.map(CHAT.delta).join('') + CHAT.end)
        : replyWith(MESSAGE.start + MESSAGE.block + pieces.map(MESSAGE.delta).join('') + MESSAGE.end);
    const lab = setup(answer, [SECRETS.server]);
    const headers = { 'x-sluice-key': SECRETS.server, ...headersFor('bearer') };
    const live = await lab.gateway.fetch(
      new Request('http://127.0.0.1:8088/gateway/streams/live', { headers }),
    );
    for (const model of MODELS) {
      for (const path of PATHS) await lab.post(path, { ...ASK, model, stream: true }, headers);
    }
    const places = await lab.everything();
    // The gateway is closed, so the view has ended.
    const text = await live.text();
    expect(text.match(/"type":"completed"/g)).toHaveLength(4);
    const shown = readEvents(new TextEncoder().encode(text))
      .map(({ data }) => (JSON.parse(data) as { text?: string }).text ?? '')
      .join('');
    const kept = saidIn(places['/gateway/audit?include_bodies=true'] ?? '');
    expect(kept).toHaveLength(4);
    for (const words of kept) expect(words).toEndWith(', and that is all.');
    expectClean({ live: text, shown, said: kept.join('\n'), ...places });
    expect(shown).toContain('and that is all.');
  }
});

/** The words of each streamed answer that an audit page shows. */
function saidIn(page: string): string[] {
  const { entries } = JSON.parse(page) as { entries: { response_body: string }[] };
  return entries.map(({ response_body: body }) =>
    readEvents(new TextEncoder().encode(body))
      .flatMap(({ data }) => [...data.matchAll(/"(?:text|content)":"([^"]*)"/g)])
      .map(([, words]) => words)
      .join(''),
  );
}

test('in a word without an end: not in the live view', async () => {
  for (const before of [1_000, 1_020, 1_024, 2_040, 2_048]) {
    for (const cut of [1, 7, 40]) {
      const said = `${'x'.repeat(before)}"${SECRETS.configured}"${'y'.repeat(3_000)} end`;
      const pieces = said.match(new RegExp(`.{1,${cut}}`, 'g')) ?? [];
      const lab = setup(() =>
        replyWith(MESSAGE.start + MESSAGE.block + pieces.map(MESSAGE.delta).join('') + MESSAGE.end),
      );
      const live = await lab.gateway.fetch(new Request('http://127.0.0.1:8088/gateway/streams/live'));
      const asking = lab.post('/v1/messages', { ...ASK, model: 'claude/m', stream: true });
      const shown = readEvents(
        new TextEncoder().encode((await Promise.all([live.text(), asking.then(lab.gateway.endWatching)]))[0]),
      )
        .map(({ data }) => (JSON.parse(data) as { text?: string }).text ?? '')
        .join('');
      expect(shown).toBe(said.replace(SECRETS.configured, '[redacted]'));
      await lab.gateway.close();
    }
  }
});

describe('a body that is cut', () => {
  const many = (bytes: number) => `${SECRETS.configured} `.repeat(bytes / (SECRETS.configured.length + 1));

  test('of a request: no part of a key is left at its end, and the cut is reported', async () => {
    const lab = setup(() => jsonReply(wholeMessage('fine')));
    const messages = [{ role: 'user', content: many(3_000_000) }];
    await lab.post('/v1/messages', { ...ASK, model: 'claude/m', messages });
    const places = await lab.everything();
    expectClean(places);
    expect(places['/gateway/audit?include_bodies=true']).toContain('[cut: only the first');
  });

  test('of a stream: likewise', async () => {
    const lab = setup(() =>
      replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta(many(10_000)).repeat(120) + MESSAGE.end),
    );
    await lab.post('/v1/messages', { ...ASK, model: 'claude/m', stream: true });
    const places = await lab.everything();
    expectClean(places);
    expect(places['/gateway/audit?include_bodies=true']).toContain('[cut: only the first');
  });
});

describe('keys in a request', () => {
  test('that goes well: in no row, page, log or file, wherever the client put them', async () => {
    const lab = setup(() => jsonReply(wholeMessage('fine')), [SECRETS.server]);
    const prompt = `my keys are ${Object.values(SECRETS).join(' and ')}`;
    const body = {
      ...ASK,
      model: 'claude/m',
      messages: [{ role: 'user', content: prompt }],
      metadata: { user_id: SECRETS.configured },
    };
    const headers = {
      'x-sluice-key': SECRETS.server,
      authorization: `Bearer ${SECRETS.bearer}`,
      'x-api-key': SECRETS.apiKey,
      'x-goog-api-key': SECRETS.google,
    };
    const { status } = await lab.post(`/v1/messages?key=${SECRETS.google}`, body, headers);
    expect(status).toBe(200);
    // What the client wrote reaches the provider: only what the gateway keeps is clean.
    expect(new TextDecoder().decode(lab.upstream.requests[0]?.body)).toContain(SECRETS.bearer);
    expectClean(await lab.everything());
  });

  test('in the places for names: agent, project, model, target', async () => {
    const lab = setup(() => jsonReply(wholeMessage('fine')));
    const headers = {
      authorization: `Bearer ${SECRETS.bearer}`,
      'x-sluice-agent': SECRETS.bearer,
      'x-sluice-project': SECRETS.configured,
    };
    await lab.post('/v1/messages', { ...ASK, model: `claude/${SECRETS.apiKey}` }, headers);
    await lab.post(
      '/v1/messages',
      { ...ASK, model: 'm' },
      { ...headers, 'x-sluice-target': `${SECRETS.bearer}/m` },
    );
    await lab.post('/v1/messages', { ...ASK, model: `openai/${SECRETS.configured}` }, headers);
    expectClean(await lab.everything());
  });

  test('in what of it is lost, and in why an answer ended: in no row', async () => {
    const chunk = { choices: [{ index: 0, delta: { content: 'a' }, finish_reason: SECRETS.apiKey }] };
    const lab = setup(() => replyWith(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`));
    const tools = [{ name: 'a', input_schema: { type: 'object' }, [SECRETS.configured]: 1 }];
    const body = { ...ASK, model: 'gpt/m', stream: true, tools, [SECRETS.bearer]: 1 };
    const headers = { authorization: `Bearer ${SECRETS.bearer}` };
    expect((await lab.post('/v1/messages', body, headers)).status).toBe(200);
    const places = await lab.everything();
    expectClean(places);
    expect(places['/gateway/audit?include_bodies=true']).toContain('"lost":["[redacted]"');
  });

  test('that is refused: in no error', async () => {
    const lab = setup(() => jsonReply(wholeMessage('fine')), [SECRETS.server]);
    const outputs: Record<string, string> = {};
    for (const [index, headers] of [
      { 'x-sluice-key': `${SECRETS.server}x` },
      { 'x-api-key': SECRETS.apiKey },
      { authorization: `Bearer ${SECRETS.bearer}` },
      { 'x-sluice-key': SECRETS.server, 'content-type': `text/${SECRETS.configured}` },
      { 'x-sluice-key': SECRETS.server, origin: `http://${SECRETS.configured}` },
      { 'x-sluice-key': SECRETS.server, host: `${SECRETS.configured}.test` },
    ].entries()) {
      const answer = await lab.post(
        '/v1/messages',
        { ...ASK, model: 'm' },
        headers as Record<string, string>,
      );
      expect(answer.status).toBeGreaterThanOrEqual(400);
      outputs[`refusal ${index}`] = answer.text;
    }
    const broken = await lab.post('/v1/messages', `{"model": ${SECRETS.configured}`, {
      'x-sluice-key': SECRETS.server,
    });
    outputs.broken = broken.text;
    const nowhere = await lab.post(`/v1/${SECRETS.configured}`, ASK, { 'x-sluice-key': SECRETS.server });
    outputs.nowhere = nowhere.text;
    expectClean({ ...outputs, ...(await lab.everything()) });
  });
});

test('a failure of the gateway’s own network: the address without what may be secret in it, no key', async () => {
  const lines: string[] = [];
  const gateway = createGateway(
    {
      providers: {
        claude: {
          dialect: 'anthropic-messages',
          base_url: 'http://upstream.test',
          api_key: SECRETS.configured,
          max_retries: 0,
        },
      },
    },
    {
      host: {
        fetch: (url, init) =>
          Promise.reject(
            new Error(`cannot fetch ${url} with ${JSON.stringify([...new Headers(init.headers)])}`),
          ),
        log: createLog({ format: 'json', level: 'debug', write: (line) => lines.push(line) }),
      },
    },
  );
  const request = new Request(`http://127.0.0.1:8088/v1/messages?key=${SECRETS.google}`, {
    method: 'POST',
    headers: { 'x-goog-api-key': SECRETS.google },
    body: JSON.stringify({ ...ASK, model: 'claude/m' }),
  });
  const response = await gateway.fetch(request);
  expect(response.status).toBe(502);
  expectClean({ answer: await response.text(), log: lines.join('\n') });
});

test('an error thrown by .stream() names none', async () => {
  const lab = setup((request) => errorReply(request.path, `bad key ${SECRETS.configured}`, 401));
  const events = lab.gateway.stream({
    model: 'claude/m',
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
  });
  const thrown = await Array.fromAsync(events).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(GatewayError);
  expectClean({ thrown: String(thrown), inspected: Bun.inspect(thrown), ...(await lab.everything()) });
});

function headersFor(name: SecretName): Record<string, string> {
  switch (name) {
    case 'bearer':
      return { authorization: `Bearer ${SECRETS.bearer}` };
    case 'apiKey':
      return { 'x-api-key': SECRETS.apiKey };
    case 'google':
      return { 'x-goog-api-key': SECRETS.google };
    default:
      return {};
  }
}
