// Watchers see each stream's start, text and end; a slow watcher loses events, and no stream waits for it.
import { expect, test } from 'bun:test';
import { createLiveView } from '../../../src/gateway/live/view.ts';
import type { LiveEvent } from '../../../src/management/shapes.ts';
import { createRedactor } from '../../../src/model/redact/redact.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { NO_TIMING } from '../../../src/ledger/rows/row.ts';
import { sampleRow } from '../../support/ledger-rows.ts';
import { createManualTimers } from '../../support/manual-timers.ts';

const same = (text: string) => text;

function watch(view: ReturnType<typeof createLiveView>) {
  const reader = view.watch().getReader();
  const decoder = new TextDecoder();
  /** What was read together, and not yet asked for. */
  let read: string[] = [];
  return {
    reader,
    /** The next event's name and data. */
    async next(): Promise<{ name: string; data: unknown } | undefined> {
      const text = read.shift();
      if (text === undefined) {
        const { value, done } = await reader.read();
        if (done) return undefined;
        read = decoder.decode(value).split(/(?<=\n\n)/);
        return this.next();
      }
      if (text === ': watching\n\n') return this.next();
      if (text.startsWith(':')) return { name: 'ping', data: null };
      const [, name = '', data = ''] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
      return { name, data: JSON.parse(data) };
    },
    async events(count: number): Promise<LiveEvent[]> {
      const events: LiveEvent[] = [];
      while (events.length < count) events.push((await this.next())?.data as LiveEvent);
      return events;
    },
  };
}

const ENDING = sampleRow({
  model: 'm',
  provider: 'p',
  usage: { ...NO_USAGE, inputTokens: 1, outputTokens: 2 },
  costUsd: null,
  latencyMs: 1_500,
  ttftMs: 500,
  timing: { ...NO_TIMING, lastTokenMs: 1_000, gaps: '40:2', stalls: 1 },
});

test('a watcher sees a request from its start to its end, in order', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const watcher = watch(view);
  const stream = view.open('r1', same);
  stream.started({ model: 'm', provider: 'p', agentType: 'reviewer' });
  stream.started({ model: 'other', provider: 'q', agentType: null });
  stream.text('Hello, ');
  stream.text('world. ');
  stream.ended(ENDING);
  expect(await watcher.events(4)).toEqual([
    { type: 'started', request_id: 'r1', model: 'm', provider: 'p', agent_type: 'reviewer' },
    { type: 'text_delta', request_id: 'r1', text: 'Hello, ' },
    { type: 'text_delta', request_id: 'r1', text: 'world. ' },
    {
      type: 'completed',
      request_id: 'r1',
      model: 'm',
      provider: 'p',
      input_tokens: 1,
      output_tokens: 2,
      usage_known: true,
      cost_usd: null,
      latency_ms: 1_500,
      ttft_ms: 500,
      tokens_per_second: 4,
      stalls: 1,
    },
  ]);
});

test('of tries at once the first to speak is heard, and nobody behind the end', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const watcher = watch(view);
  const stream = view.open('r1', same);
  const [one, two] = [stream.audience(), stream.audience()];
  two.text('Two, ');
  one.text('one, ');
  two.text('two. ');
  const next = stream.audience();
  next.text('Next. ');
  two.text('still ');
  stream.ended(ENDING);
  next.text('late ');
  stream.text('later ');
  const other = view.open('r2', same);
  other.text('other ');
  const events = await watcher.events(5);
  expect(events.map((event) => ('text' in event ? event.text : event.type))).toEqual([
    'Two, ',
    'two. ',
    'Next. ',
    'completed',
    'other ',
  ]);
});

test('without a watcher nothing is wanted, and one that comes later sees what comes later', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const stream = view.open('r1', same);
  expect(stream.isWatched()).toBe(false);
  stream.text('unseen');
  const watcher = watch(view);
  expect(stream.isWatched()).toBe(true);
  stream.text(' seen ');
  expect(await watcher.events(1)).toEqual([{ type: 'text_delta', request_id: 'r1', text: ' seen ' }]);
});

/** What a watcher sees of a text that comes in pieces of that length. */
async function seenInPieces(text: string, length: number, redact: (text: string) => string): Promise<string> {
  const view = createLiveView(createManualTimers().setTimer);
  const watcher = watch(view);
  const stream = view.open('r1', redact);
  for (let at = 0; at < text.length; at += length) stream.text(text.slice(at, at + length));
  stream.ended(ENDING);
  let seen = '';
  for (let event = await watcher.next(); ; event = await watcher.next()) {
    const data = event?.data as LiveEvent;
    if (data.type === 'completed') return seen;
    if (data.type === 'text_delta') seen += data.text;
  }
}

test('a key is taken out however it is cut, and all of the text comes', async () => {
  const key = 'sk-0123456789';
  const redact = (text: string) => text.replaceAll(key, '[redacted]');
  const text = `Your key is ${key}, keep it. 你好，世界 done`;
  for (let length = 1; length < text.length; length++)
    expect(await seenInPieces(text, length, redact)).toBe(redact(text));
});

test.each([
  'send Authorization: Bearer abcdef123456 with it',
  'aws_session_token = FQoGZXIvYXdzEJr//w==\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG\n',
  '{"api_key": "abcdef123456", "client_secret" : "abcdefgh"}',
  'Authorization: token abcdef123456, x-api-key: abcdef123456; the key of a lock',
  '<SessionToken>\n  FQoGZXIvYXdzEJr//w==</SessionToken>',
  'the token of the session, a secret = nothing; and a bearer',
])('so is one that only its name tells: %s', async (text) => {
  const redact = createRedactor([]);
  for (let length = 1; length < text.length; length++)
    expect(await seenInPieces(text, length, redact)).toBe(redact(text));
});

test('a slow watcher gets the number of events it missed, and others miss none', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const slow = watch(view);
  const quick = watch(view);
  const stream = view.open('r1', same);
  let quickSaw = 0;
  // A megabyte waits, and what makes it one.
  const text = `${'x'.repeat(1_000)} `;
  for (let round = 0; round < 1_500; round++) {
    stream.text(text);
    await quick.next();
    quickSaw += 1;
  }
  expect(quickSaw).toBe(1_500);
  const frame = `event: stream_event\ndata: ${JSON.stringify({ type: 'text_delta', request_id: 'r1', text })}\n\n`;
  const kept = Math.ceil((1024 * 1024) / frame.length);
  await slow.events(kept);
  expect(await slow.next()).toEqual({ name: 'lag', data: { skipped: 1_500 - kept } });
  stream.text('again ');
  expect(await slow.events(1)).toEqual([{ type: 'text_delta', request_id: 'r1', text: 'again ' }]);
  // Once.
  const more = slow.events(1);
  stream.text('more ');
  expect(await more).toEqual([{ type: 'text_delta', request_id: 'r1', text: 'more ' }]);
});

test('one that never catches up is told where events are missing, before those that follow', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const slow = watch(view);
  const stream = view.open('r1', same);
  const write = (pieces: number) => {
    for (let piece = 0; piece < pieces; piece++) stream.text(`${'x'.repeat(1_000)} `);
  };
  write(1_500);
  await slow.events(200);
  // There is room again, and what waits is not read to its end.
  stream.text('behind ');
  const before: (string | undefined)[] = [];
  for (let event = await slow.next(); !JSON.stringify(event).includes('behind '); event = await slow.next())
    before.push(event?.name);
  expect(before.at(-1)).toBe('lag');
});

test('one that reads sees all of an answer of thousands of pieces that came at once, and its end', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const watcher = watch(view);
  const stream = view.open('r1', same);
  for (let piece = 0; piece < 4_000; piece++) stream.text('word ');
  stream.ended(ENDING);
  const events = await watcher.events(4_001);
  expect(events.at(-1)).toMatchObject({ type: 'completed' });
});

test('what waits for a watcher is read together, up to some kilobytes at once', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const { reader } = watch(view);
  await reader.read();
  const stream = view.open('r1', same);
  for (let n = 0; n < 900; n++) stream.text(`${'x'.repeat(100)} `);
  const pieces: number[] = [];
  for (let frames = 0; frames < 900; ) {
    const { value } = await reader.read();
    frames += new TextDecoder().decode(value).split('\n\n').length - 1;
    pieces.push(value?.length ?? 0);
  }
  expect(pieces.length).toBeLessThan(5);
  expect(Math.max(...pieces)).toBeLessThan(66_000);
});

test('a word without end and the blank behind it are shown at once', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const watcher = watch(view);
  // Tried place by place, it would hold up every other request for many minutes.
  const text = `${'a'.repeat(1_000_000)} `;
  view.open('r1', same).text(text);
  expect(await watcher.events(1)).toEqual([{ type: 'text_delta', request_id: 'r1', text }]);
});

test('a word that is one long key is not held until the end, and shown as it is without secrets', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const watcher = watch(view);
  const redact = (text: string) => text.replace(/[k]+/g, '[redacted]');
  view.open('r1', redact).text('k'.repeat(70_000));
  expect(await watcher.events(1)).toEqual([{ type: 'text_delta', request_id: 'r1', text: '[redacted]' }]);
});

test('a request that fails ends with its error, one that its client left with that', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const watcher = watch(view);
  view.open('r1', same).ended({ ...ENDING, status: 'error', errorMessage: 'lab cannot be reached' });
  view.open('r2', same).ended({ ...ENDING, status: 'aborted', errorMessage: null });
  expect(await watcher.events(2)).toEqual([
    { type: 'error', request_id: 'r1', status: 'error', message: 'lab cannot be reached' },
    { type: 'error', request_id: 'r2', status: 'aborted', message: 'the client closed the connection' },
  ]);
});

test('what a client says of itself and the model it asks for are shown without secrets', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const watcher = watch(view);
  const redact = (text: string) => text.replaceAll('sk-1', '[redacted]');
  view.open('r1', redact).started({ model: 'm sk-1', provider: 'p', agentType: 'a sk-1' });
  expect(await watcher.events(1)).toEqual([
    {
      type: 'started',
      request_id: 'r1',
      model: 'm [redacted]',
      provider: 'p',
      agent_type: 'a [redacted]',
    },
  ]);
});

test('a request that began unwatched does not begin when another target is tried', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const stream = view.open('r1', same);
  stream.started({ model: 'm', provider: 'p', agentType: null });
  const watcher = watch(view);
  stream.started({ model: 'other', provider: 'q', agentType: null });
  stream.text('One ');
  expect(await watcher.events(1)).toMatchObject([{ type: 'text_delta' }]);
});

test('a long word is shown in parts, and no key in two', async () => {
  const key = 'sk-0123456789';
  const redact = (text: string) => text.replaceAll(key, '[redacted]');
  const view = createLiveView(createManualTimers().setTimer);
  const watcher = watch(view);
  const stream = view.open('r1', redact);
  // All but the newest 1,024 letters would end in the midst of the key.
  const word = `${'a'.repeat(1_970)}${key}${'b'.repeat(1_017)}`;
  stream.text(word);
  stream.text('c'.repeat(100));
  stream.text(' ');
  const texts = (await watcher.events(2)).map((event) => (event.type === 'text_delta' ? event.text : ''));
  expect(texts).toEqual([
    `${'a'.repeat(1_970)}[redacted]${'b'.repeat(93)}`,
    `${'b'.repeat(924)}${'c'.repeat(100)} `,
  ]);
});

test('what one who left had not seen is not shown to whoever comes later', async () => {
  const view = createLiveView(createManualTimers().setTimer);
  const stream = view.open('r1', same);
  const first = watch(view);
  stream.text('shown half');
  expect(await first.events(1)).toMatchObject([{ text: 'shown ' }]);
  await first.reader.cancel();
  stream.text('way and unseen ');
  const second = watch(view);
  stream.text('seen ');
  expect(await second.events(1)).toMatchObject([{ text: 'seen ' }]);
});

test('silence is broken by pings, and a watcher that left leaves nothing behind', async () => {
  const timers = createManualTimers();
  const view = createLiveView(timers.setTimer);
  const watcher = watch(view);
  for (let silence = 0; silence < 2; silence++) {
    const ping = watcher.next();
    await timers.advance(15_000);
    expect(await ping).toEqual({ name: 'ping', data: null });
  }
  // One that does not read is not silent, and finds none when it does.
  await timers.advance(60_000);
  view.open('r1', same).text('late ');
  expect(await watcher.events(1)).toEqual([{ type: 'text_delta', request_id: 'r1', text: 'late ' }]);
  await watcher.reader.cancel();
  expect(timers.pending()).toBe(0);
  expect(view.open('r1', same).isWatched()).toBe(false);
});

test('closing ends every watcher', async () => {
  const timers = createManualTimers();
  const view = createLiveView(timers.setTimer);
  const [waiting, reading] = [watch(view), watch(view)];
  const end = waiting.next();
  view.open('r1', same).text('x ');
  expect((await end)?.name).toBe('stream_event');
  const over = waiting.next();
  view.close();
  expect(await over).toBeUndefined();
  // What it had not read yet is still there.
  expect((await reading.next())?.name).toBe('stream_event');
  expect(await reading.next()).toBeUndefined();
  expect(timers.pending()).toBe(0);
});
