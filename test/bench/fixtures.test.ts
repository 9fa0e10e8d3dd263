// The benchmark's fixtures have the form of real providers' answers: otherwise it would measure something else.
import { describe, expect, test } from 'bun:test';
import { type Behaviour, behaviourPrefix, parsePath } from '../../bench/behaviour.ts';
import {
  CLIENT_IDS,
  CLIENTS,
  filesOf,
  FIRST_TEXT,
  PROVIDER_IDS,
  type ProviderId,
  PROVIDERS,
  streamText,
} from '../../bench/fixtures.ts';
import { streamAnswer } from '../../bench/answers.ts';
import { createMessageReader } from '../../bench/http-messages.ts';
import { sharedNow } from '../../bench/shared-clock.ts';
import { readStamps } from '../../bench/stamp.ts';
import { createServer } from '../../bench/upstream-server.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { parseObject } from '../../src/model/json/json.ts';
import { createFrameSplitter } from '../../src/sse/frame-splitter.ts';
import { parseFrame } from '../../src/sse/parse-frame.ts';

const LARGEST_EVENT = 1_000_000;

function checkStream(dialect: ProviderId, bytes: Uint8Array): { violations: string[]; text: string } {
  const checker = DIALECTS[dialect].createGrammarChecker();
  let text = '';
  const decoder = DIALECTS[dialect].provider.createStreamDecoder({
    push(event) {
      if (event.type === 'text-delta') text += event.text;
      if (event.type === 'error') throw event.error;
    },
  });
  for (const frame of createFrameSplitter(LARGEST_EVENT).push(bytes).frames) {
    const event = parseFrame(frame);
    if (event === undefined) throw new Error('a frame without an event');
    checker.check(event);
    decoder.decode(event);
  }
  return { violations: checker.end(), text };
}

async function withServer(use: (origin: string) => Promise<void>): Promise<void> {
  const server = createServer();
  try {
    await use(`http://127.0.0.1:${server.port}`);
  } finally {
    server.stop();
  }
}

/** As the gateway asks a provider. */
async function ask(
  origin: string,
  behaviour: Behaviour,
  dialect: ProviderId,
  stream = true,
): Promise<Response> {
  const { basePath, model } = PROVIDERS[dialect];
  const path = PATHS[dialect](model, stream);
  const body = JSON.stringify({ model, stream });
  return fetch(origin + behaviourPrefix(behaviour) + basePath + path, { method: 'POST', body });
}

const PATHS: Record<ProviderId, (model: string, stream: boolean) => string> = {
  'anthropic-messages': () => '/v1/messages',
  'openai-chat': () => '/chat/completions',
  gemini: (model, stream) =>
    `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
};

describe.each(CLIENT_IDS.map((id) => [id] as const))('client of %s', (dialect) => {
  test('the request is one that the dialect reads', () => {
    const { request } = CLIENTS[dialect];
    const body = parseObject(request('some-model', true)) ?? {};
    const neutral = DIALECTS[dialect].client.parseRequest(body, { operation: 'generate' });
    expect(neutral.model).toBe('some-model');
    expect(neutral.messages).toHaveLength(3);
  });

  test('a long conversation holds what each call brought', () => {
    const files = filesOf(2_000, 3);
    expect(new Set(files).size).toBe(3);
    const body = parseObject(CLIENTS[dialect].agentRequest('some-model', files)) ?? {};
    const neutral = DIALECTS[dialect].client.parseRequest(body, { operation: 'generate' });
    const parts = neutral.messages.flatMap((message) => message.parts);
    const results = parts.filter((part) => part.type === 'tool-result');
    expect(parts.filter((part) => part.type === 'tool-call')).toHaveLength(3);
    expect(results.map(({ content }) => content)).toEqual(files.map((text) => [{ type: 'text', text }]));
  });
});

describe.each(PROVIDER_IDS.map((id) => [id] as const))('provider of %s', (dialect) => {
  test('a stream keeps the grammar and has as many deltas as it says', () => {
    const { violations, text } = checkStream(dialect, new TextEncoder().encode(streamText(dialect, 20)));
    expect(violations).toEqual([]);
    expect(text).toBe(FIRST_TEXT + ' word'.repeat(19));
  });

  test('the upstream sends the whole answer', () =>
    withServer(async (origin) => {
      for (const kind of ['plain', 'asked'] as const) {
        const response = await ask(origin, { kind, amount: 20 }, dialect, false);
        expect(response.status, kind).toBe(200);
        const answer = DIALECTS[dialect].provider.parseResponse(parseObject(await response.text()) ?? {});
        expect(answer.parts[0]?.type).toBe('text');
        expect(answer.finish.unified).toBe('end_turn');
      }
    }));

  test('the upstream sends the stream as it was made', () =>
    withServer(async (origin) => {
      for (const kind of ['stream', 'asked'] as const) {
        const response = await ask(origin, { kind, amount: 200 }, dialect);
        expect(response.headers.get('content-type')).toBe('text/event-stream');
        expect(await response.text()).toBe(streamText(dialect, 200));
      }
    }));

  test('a paced stream begins at once, and each event says when it was sent', () =>
    withServer(async (origin) => {
      const from = sharedNow();
      const response = await ask(origin, { kind: 'paced', amount: 200 }, dialect);
      const ways: number[] = [];
      let text = '';
      for await (const bytes of response.body ?? []) {
        text += Buffer.from(bytes).toString();
        readStamps(Buffer.from(bytes), (way) => ways.push(way));
        if (ways.length > 5) break;
      }
      const { head, delta } = PROVIDERS[dialect];
      expect(text).toStartWith(head + delta(FIRST_TEXT));
      const took = sharedNow() - from;
      for (const way of ways) {
        expect(way).toBeGreaterThanOrEqual(0);
        expect(way).toBeLessThan(took);
      }
    }));

  test('long streams keep the grammar and are as long as they say', () =>
    withServer(async (origin) => {
      const kinds = PROVIDERS[dialect].call === null ? (['long'] as const) : (['long', 'argument'] as const);
      for (const kind of kinds) {
        const response = await ask(origin, { kind, amount: 1 }, dialect);
        const bytes = new Uint8Array(await response.arrayBuffer());
        expect(bytes.length).toBeGreaterThanOrEqual(1024 * 1024);
        expect(checkStream(dialect, bytes).violations).toEqual([]);
      }
    }));
});

test.each(PROVIDER_IDS.filter((id) => PROVIDERS[id].call !== null))(
  'the argument of %s is JSON of that length',
  (dialect) => {
    const answer = streamAnswer(dialect, { kind: 'argument', amount: 1 });
    let text = '';
    const read = createMessageReader({
      head() {},
      body(bytes) {
        text += bytes.toString();
      },
      end() {},
    });
    read(answer);
    let argument = '';
    const decoder = DIALECTS[dialect].provider.createStreamDecoder({
      push(event) {
        if (event.type === 'tool-delta') argument += event.arguments;
      },
    });
    for (const frame of createFrameSplitter(LARGEST_EVENT).push(new TextEncoder().encode(text)).frames) {
      const event = parseFrame(frame);
      if (event !== undefined) decoder.decode(event);
    }
    expect((JSON.parse(argument) as { text: string }).text).toHaveLength(1024 * 1024);
  },
);

test('paths that are not the upstream’s are refused', async () => {
  expect(parsePath('/plain-0/v1/nothing')).toBeUndefined();
  expect(parsePath('/stream-0/v1/messages')).toBeUndefined();
  await withServer(async (origin) => {
    const response = await fetch(`${origin}/nowhere`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(404);
  });
});
