// A long answer for a client whose dialect repeats all of it at the end: complete, in order, and in writes of limited size.
import { expect, test } from 'bun:test';
import { standardBody } from '../../../src/gateway/response/byte-source.ts';
import { ClientStream } from '../../../src/gateway/response/client-stream.ts';
import type { Taker } from '../../../src/gateway/pumps/relay.ts';
import { createFrameSplitter } from '../../../src/sse/frame-splitter.ts';
import { parseFrame } from '../../../src/sse/parse-frame.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { MESSAGE } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const KILOBYTE = 1024;
const LARGEST_WRITE = 512 * KILOBYTE;
const bytesOf = (text: string) => new TextEncoder().encode(text);

test('Responses: every repetition holds the whole text', async () => {
  // Quotes, control characters and a pair of surrogates that two events share.
  const piece = `"He said: 'no'"\n\u0001 \\ größer 👩‍🔬 `;
  const pieces = Array.from({ length: 30_000 }, () => [piece, '\ud83e', '\uddad']).flat();
  const text = pieces.join('');
  const deltas = pieces.map((each) => MESSAGE.delta(each));
  const chunks = [MESSAGE.start + MESSAGE.block, deltas.join(''), MESSAGE.end].map(bytesOf);
  const upstream = createReplayFetch(() => replyWith(chunks));
  const lab = createTestGateway({ config: { providers: LAB_PROVIDERS }, fetch: upstream.fetch });
  const response = await lab.post('/v1/responses', { model: 'claude/m', input: 'hi', stream: true });
  const writes: Uint8Array[] = [];
  for await (const write of response.body ?? []) writes.push(write);
  expect(Math.max(...writes.map(({ length }) => length))).toBe(LARGEST_WRITE);

  const splitter = createFrameSplitter(64 * KILOBYTE * KILOBYTE);
  const events = writes
    .flatMap((write) => [...splitter.push(write).frames])
    .map((frame) => JSON.parse(parseFrame(frame)?.data ?? ''));
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
  const part = { type: 'output_text', text, annotations: [], logprobs: [] };
  const item = { type: 'message', status: 'completed', role: 'assistant', content: [part] };
  const [textDone, partDone, itemDone, completed] = events.slice(-4);
  // Not `toEqual`, which would print megabytes.
  expect(textDone.type).toBe('response.output_text.done');
  expect(textDone.text === text).toBe(true);
  expect(Bun.deepEquals(partDone.part, part)).toBe(true);
  const { id, ...done } = itemDone.item;
  expect(Bun.deepEquals(done, item)).toBe(true);
  expect(completed.type).toBe('response.completed');
  expect(Bun.deepEquals(completed.response.output, [{ id, ...item }])).toBe(true);
  expect((await lab.row(0)).status).toBe('success');
});

test('several long blocks that end in one piece: each, and the ending behind them', async () => {
  const text = 'x'.repeat(LARGEST_WRITE);
  const [blockEnd = '', ...ending] = MESSAGE.end.split(/(?<=\n\n)/);
  const second = (MESSAGE.block + MESSAGE.delta('second') + blockEnd)
    .replaceAll('"index":0', '"index":1')
    .replaceAll('text', 'thinking');
  const chunks = [
    MESSAGE.start + MESSAGE.block + MESSAGE.delta(text),
    [blockEnd, second, ...ending].join(''),
  ];
  const upstream = createReplayFetch(() => replyWith(chunks.map(bytesOf)));
  const lab = createTestGateway({ config: { providers: LAB_PROVIDERS }, fetch: upstream.fetch });
  const response = await lab.post('/v1/responses', { model: 'claude/m', input: 'hi', stream: true });
  const types = [
    ...(await response.text()).matchAll(/"type":"(response\.(?:output_item\.done|completed))"/g),
  ];
  expect(types.map(([, type]) => type)).toEqual([
    'response.output_item.done',
    'response.output_item.done',
    'response.completed',
  ]);
});

/** A stream of one write. */
function streamOf(bytes: Uint8Array) {
  const timers = createManualTimers();
  const closed: string[] = [];
  let asked = 0;
  const source = new ClientStream({
    ...{
      pingIntervalMs: 15_000,
      pingsFirst: false,
      reframer: null,
      monotonic: timers.now,
      setTimer: timers.setTimer,
    },
    next(taker: Taker<Uint8Array>) {
      asked += 1;
      taker.take(asked === 1 ? bytes : undefined);
    },
    failed: () => new Uint8Array(),
    sending() {},
    ping: () => new Uint8Array(),
    hasEnding: () => false,
    closed: (how) => void closed.push(how),
  });
  return { stream: standardBody(source), closed, asked: () => asked };
}

test('a long write goes out in pieces, all of it, before anything else is asked for', async () => {
  const bytes = Uint8Array.from({ length: 2 * LARGEST_WRITE + 3 }, (_, at) => at % 251);
  const { stream, closed, asked } = streamOf(bytes);
  const reader = stream.getReader();
  const got: Uint8Array[] = [];
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    got.push(read.value);
    if (got.length < 3) expect(asked()).toBe(1);
  }
  expect(got.map(({ length }) => length)).toEqual([LARGEST_WRITE, LARGEST_WRITE, 3]);
  expect(Buffer.concat(got).equals(bytes)).toBe(true);
  expect(closed).toEqual(['completed']);
});

test('a client that leaves in the middle of a long write', async () => {
  const { stream, closed, asked } = streamOf(new Uint8Array(2 * LARGEST_WRITE));
  const reader = stream.getReader();
  await reader.read();
  await reader.cancel();
  expect(closed).toEqual(['cancelled']);
  expect(asked()).toBe(1);
});
