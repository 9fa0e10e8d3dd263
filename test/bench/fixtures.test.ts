// The benchmark's fixtures say what providers say: else its numbers would be of something else.
import { describe, expect, test } from 'bun:test';
import {
  type Behaviour,
  behaviourPrefix,
  FIRST_TEXT,
  parsePath,
  streamText,
  type WireId,
  WIRE_IDS,
  WIRES,
} from '../../bench/fixtures.ts';
import { createServer } from '../../bench/upstream-server.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { parseObject } from '../../src/model/json.ts';
import { createFrameSplitter } from '../../src/sse/frame-splitter.ts';
import { parseFrame } from '../../src/sse/parse-frame.ts';

const LARGEST_EVENT = 1_000_000;

function checkStream(dialect: WireId, bytes: Uint8Array): { violations: string[]; text: string } {
  const checker = DIALECTS[dialect].createGrammarChecker();
  let text = '';
  const decoder = DIALECTS[dialect].provider.createStreamDecoder((event) => {
    if (event.type === 'text-delta') text += event.text;
    if (event.type === 'error') throw event.error;
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

async function ask(origin: string, behaviour: Behaviour, dialect: WireId): Promise<Response> {
  const { path, headers, request, model } = WIRES[dialect];
  const body = request(model, behaviour.kind !== 'plain');
  return fetch(origin + behaviourPrefix(behaviour) + path, { method: 'POST', headers: { ...headers }, body });
}

describe.each(WIRE_IDS.map((id) => [id] as const))('%s', (dialect) => {
  test('the request is one that the dialect reads', () => {
    const { request, model } = WIRES[dialect];
    const body = parseObject(request(model, true)) ?? {};
    const neutral = DIALECTS[dialect].client.parseRequest(body, { operation: 'generate' });
    expect(neutral.model).toBe(model);
    expect(neutral.messages).toHaveLength(3);
  });

  test('a stream keeps the grammar and has as many deltas as it says', () => {
    const { violations, text } = checkStream(dialect, new TextEncoder().encode(streamText(dialect, 20)));
    expect(violations).toEqual([]);
    expect(text).toBe(FIRST_TEXT + ' word'.repeat(19));
  });

  test('the upstream sends the whole answer', () =>
    withServer(async (origin) => {
      const response = await ask(origin, { kind: 'plain' }, dialect);
      expect(response.status).toBe(200);
      const answer = DIALECTS[dialect].provider.parseResponse(parseObject(await response.text()) ?? {});
      expect(answer.parts[0]?.type).toBe('text');
      expect(answer.finish.unified).toBe('end_turn');
    }));

  test('the upstream sends the stream as it was made', () =>
    withServer(async (origin) => {
      const response = await ask(origin, { kind: 'stream', deltas: 200 }, dialect);
      expect(response.headers.get('content-type')).toBe('text/event-stream');
      expect(await response.text()).toBe(streamText(dialect, 200));
    }));

  test('a paced stream begins at once and goes on until the client leaves', () =>
    withServer(async (origin) => {
      const response = await ask(origin, { kind: 'paced', perSecond: 200 }, dialect);
      const decoder = new TextDecoder();
      let text = '';
      for await (const bytes of response.body ?? []) {
        text += decoder.decode(bytes, { stream: true });
        if (text.split(WIRES[dialect].delta(' word')).length > 5) break;
      }
      const { head, delta } = WIRES[dialect];
      expect(text).toStartWith(head + delta(FIRST_TEXT) + delta(' word').repeat(5));
    }));
});

test('paths that are not the upstream’s are refused', async () => {
  expect(parsePath('/plain/v1/nothing')).toBeUndefined();
  expect(parsePath('/stream-0/v1/messages')).toBeUndefined();
  await withServer(async (origin) => {
    const response = await fetch(`${origin}/nowhere`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(404);
  });
});
