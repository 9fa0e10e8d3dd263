// How a stream ends (GUARANTEES 14): cut at every event, on the same dialect and across, exactly one error
// ending and never a fake one; whole recordings keep the grammar of the client's dialect.
import { describe, expect, test } from 'bun:test';
import { MalformedEvent } from '../../../src/dialects/dialect.ts';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import type { SseEvent } from '../../../src/sse/event.ts';
import {
  clientRequest,
  LAB_PROVIDER_OF,
  recordedStreams,
  SPOKEN_DIALECTS,
} from '../../support/client-requests.ts';
import { CHAT, MESSAGE } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { readEvents } from '../../support/read-events.ts';
import type { Recording } from '../../support/recordings.ts';
import { type Reply, replyOf, replyWith } from '../../support/reply.ts';
import { allSplits, truncations } from '../../support/splits.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

/** What each event of a client's stream says of its ending, in order: nothing for most. */
function endingsOf(events: readonly SseEvent[], client: DialectId): string[] {
  const endings: string[] = [];
  let at = 0;
  // A decoder is silent after the first ending: each ending is followed by a fresh one.
  const fresh = () =>
    DIALECTS[client].provider.createStreamDecoder({
      push({ type }) {
        if (type !== 'error' && type !== 'finish') return;
        endings.push(`${type} at ${at - events.length}`);
        decoder = fresh();
      },
    });
  let decoder = fresh();
  for (const event of events) {
    try {
      decoder.decode(event);
    } catch (thrown) {
      if (!(thrown instanceof MalformedEvent)) throw thrown;
    }
    at += 1;
  }
  decoder.end();
  return endings;
}

/** A provider that states no counts leaves none to state. */
const WITHOUT_USAGE = /without usage$/;

/** One gateway to ask again and again, since to make one takes as long as a short answer. */
function createExchanges(client: DialectId, provider: DialectId) {
  let reply: Reply | undefined;
  const upstream = createReplayFetch(() => reply ?? replyWith(''));
  const lab = { ...LAB_PROVIDERS[LAB_PROVIDER_OF[provider]], breaker: { enabled: false } };
  const { post, row } = createTestGateway({
    config: { providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
    host: { now: () => 1_700_000_000_000, monotonic: () => 0 },
  });
  const { path, body } = clientRequest(client, { stream: true });
  let count = 0;
  return async (next: Reply) => {
    reply = next;
    const response = await post(path, body);
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { response, bytes, row: await row(count++) };
  };
}

const exchange = (client: DialectId, provider: DialectId, reply: Reply) =>
  createExchanges(client, provider)(reply);

/** Recordings whose own bytes break their dialect's grammar cannot be expected to keep it when passed on. */
const healthy = (recording: Recording) => !recording.features.includes('in-stream-error');

for (const provider of SPOKEN_DIALECTS) {
  for (const client of SPOKEN_DIALECTS) {
    describe(`${provider} → ${client}`, () => {
      const streams = recordedStreams(provider);

      test.each(streams.filter(healthy).map((recording) => [recording.id, recording] as const))(
        '%s: grammar holds and every split gives the same',
        async (_, recording) => {
          let first: string | undefined;
          const ask = createExchanges(client, provider);
          for (const split of allSplits(1)) {
            const { response, bytes, row } = await ask(replyOf(recording, { split }));
            const text = new TextDecoder().decode(bytes);
            expect(response.status, text).toBe(200);
            if (client !== provider) {
              const checker = DIALECTS[client].createGrammarChecker();
              for (const event of readEvents(bytes)) checker.check(event);
              const counted = recording.features.includes('usage');
              expect(checker.end().filter((each) => counted || !WITHOUT_USAGE.test(each))).toEqual([]);
            }
            expect([row.status, row.errorMessage]).toEqual(['success', null]);
            const stable = text.replaceAll(row.requestId, 'ID');
            first ??= stable;
            expect(stable, split.name).toBe(first);
          }
        },
      );

      test.each(streams.filter(healthy).map((recording) => [recording.id, recording] as const))(
        '%s: cut anywhere, one error ending',
        async (_, recording) => {
          const cuts = truncations(recording.body);
          // Long streams: a spread of their cuts, the last ones always.
          const step = Math.max(1, Math.floor(cuts.length / 40));
          const chosen = cuts.filter((_cut, index) => index % step === 0 || index >= cuts.length - 3);
          expect(chosen).not.toBeEmpty();
          const ask = createExchanges(client, provider);
          for (const cut of chosen) {
            const { response, bytes, row } = await ask(replyWith(cut.bytes));
            expect([cut.name, row.status]).toEqual([cut.name, 'truncated']);
            if (response.status !== 200) {
              expect(response.status).toBe(502);
              continue;
            }
            const events = readEvents(bytes);
            expect([cut.name, ...endingsOf(events, client)]).toEqual([cut.name, 'error at -1']);
            expect(events.some((event) => event.data === '[DONE]')).toBe(false);
          }
        },
      );
    });
  }
}

describe('an error in the middle of a stream is its ending, whatever the provider says behind it', () => {
  const chunk = (choice: object) => `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`;
  const error = { error: { message: 'the engine died', type: 'server_error', code: 500 } };
  const words = chunk({ delta: { content: 'Hello' }, finish_reason: null });
  const ending = `${chunk({ delta: {}, finish_reason: 'stop' })}data: [DONE]\n\n`;
  const errorFrames = [
    `data: ${JSON.stringify(error)}\n\n`,
    `event: error\ndata: ${JSON.stringify(error)}\n\n`,
  ];
  const cases = errorFrames.flatMap((event) =>
    ['data: [DONE]\n\n', words + ending, event].map((rest) => [event, rest]),
  );
  for (const client of SPOKEN_DIALECTS) {
    test.each(cases)(`openai-chat → ${client}: %j, then %j`, async (event = '', rest = '') => {
      const { bytes, row } = await exchange(client, 'openai-chat', replyWith(words + event + rest));
      const events = readEvents(bytes);
      expect(endingsOf(events, client)).toEqual(['error at -1']);
      expect(events.some(({ data }) => data === '[DONE]')).toBe(false);
      expect([row.status, row.malformedEvents]).toEqual(['error', 0]);
    });
  }
});

describe('words behind the ending do not reach a client of the same dialect', () => {
  const chat = (choice: object) => `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`;
  const streams: [DialectId, { words: string; ending: string }][] = [
    ['anthropic-messages', { words: MESSAGE.delta('Hello'), ending: MESSAGE.end }],
    [
      'openai-chat',
      {
        words: chat({ delta: { content: 'Hello' }, finish_reason: null }),
        ending: `${chat({ delta: {}, finish_reason: 'stop' })}data: [DONE]\n\n`,
      },
    ],
  ];
  test.each(streams)('%s', async (dialect, { words, ending }) => {
    const start = dialect === 'anthropic-messages' ? MESSAGE.start + MESSAGE.block : '';
    const whole = start + words + words + ending;
    const { bytes, row } = await exchange(dialect, dialect, replyWith(whole + words + words + ending));
    expect(new TextDecoder().decode(bytes)).toBe(whole);
    expect(row.status).toBe('success');
  });
});

test('keep-alives behind the ending pass, as all bytes do', async () => {
  const whole = MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello') + MESSAGE.end;
  const alive = ': here\n\nevent: ping\ndata: {"type":"ping"}\n\n';
  const reply = replyWith(whole + alive + MESSAGE.delta('more'));
  const { bytes } = await exchange('anthropic-messages', 'anthropic-messages', reply);
  expect(new TextDecoder().decode(bytes)).toBe(whole + alive);
});

// With a blank line behind it the official SDKs read an event without data as one, and fail at that.
describe('a break within the name of an event leaves nothing of it', () => {
  const whole = MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello');

  test.each(['e', 'event:', 'event: message_st', 'event: message_stop\n', 'event: message_stop\ndata: '])(
    '%j',
    async (begun) => {
      const { bytes, row } = await exchange(
        'anthropic-messages',
        'anthropic-messages',
        replyWith(whole + begun),
      );
      const text = new TextDecoder().decode(bytes);
      expect(text.slice(0, whole.length)).toBe(whole);
      expect(text.slice(whole.length)).toStartWith('event: error\ndata: {');
      expect(row.status).toBe('truncated');
    },
  );
});

// Google's own SDK looks for the four bytes.
describe('an event that ends in CRLF is whole to clients that look for its blank line', () => {
  const event = (text: string) =>
    `data: ${JSON.stringify({ candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0 }] })}\r\n\r\n`;
  const pieces = (texts: string[]) => texts.map((text) => new TextEncoder().encode(text));

  test('where the provider breaks off in it', async () => {
    const reply = replyWith(pieces([event('one').slice(0, -1)]));
    const { bytes, row } = await exchange('gemini', 'gemini', reply);
    const [first, second, rest] = new TextDecoder().decode(bytes).split('\r\n\r\n');
    expect(`${first}\r\n\r\n`).toBe(event('one'));
    expect(JSON.parse(second?.replace('data: ', '') ?? '')).toMatchObject({ error: { code: 502 } });
    expect(rest).toBe('');
    expect(row.status).toBe('truncated');
  });

  test('where its last byte comes alone: it does not wait for the next event', async () => {
    const whole = event('one');
    const fault = { kind: 'hang', after: whole.length } as const;
    const upstream = createReplayFetch(
      replyWith(pieces([whole.slice(0, -1), '\n', event('two')]), { fault }),
    );
    const { post } = createTestGateway({
      config: { providers: { lab: LAB_PROVIDERS.gemini }, routing: { default_provider: 'lab' } },
      fetch: upstream.fetch,
    });
    const { path, body } = clientRequest('gemini', { stream: true });
    const reader = (await post(path, body)).body?.getReader();
    let text = '';
    while (text.length < whole.length) text += new TextDecoder().decode((await reader?.read())?.value);
    expect(text).toBe(whole);
    await reader?.cancel();
  });
});

describe('Responses sends an error twice, and not a third time', () => {
  const event = (type: string, more: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
  const died = { code: 'server_error', message: 'the engine died' };
  const answer = (status: string, error: object | null) => ({
    response: { id: 'r', status, error, output: [] },
  });
  const words =
    event('response.created', answer('in_progress', null)) +
    event('response.output_text.delta', { item_id: 'm', output_index: 0, content_index: 0, delta: 'Hello' });
  const error = event('error', { ...died, param: null });
  const failed = event('response.failed', answer('failed', died));

  test.each([
    ['as it came', error + failed, ''],
    ['and again', error + failed, failed],
    ['and an answer', error + failed, event('response.completed', answer('completed', null))],
  ])('%s', async (_, ending, more) => {
    const { bytes, row } = await exchange(
      'openai-responses',
      'openai-responses',
      replyWith(words + ending + more),
    );
    expect(new TextDecoder().decode(bytes)).toBe(words + ending);
    expect(row.status).toBe('error');
  });

  test('and nothing of an answer between the two', async () => {
    const { bytes } = await exchange(
      'openai-responses',
      'openai-responses',
      replyWith(words + error + words + failed),
    );
    expect(new TextDecoder().decode(bytes)).toBe(words + error + failed);
  });

  test('where it came first in a form that no client would recognise, not even a second time', async () => {
    const bare = `${JSON.stringify({ error: { ...died, type: 'server_error' } })}\n\n`;
    const { bytes } = await exchange(
      'openai-responses',
      'openai-responses',
      replyWith(words + bare + failed),
    );
    expect(endingsOf(readEvents(bytes), 'openai-responses')).toEqual(['error at -1']);
  });
});

describe('an error in a form that no client of the dialect would see is reported in the dialect’s own', () => {
  const error = { error: { message: 'the engine died', type: 'overloaded_error' } };
  const json = JSON.stringify(error);
  const begun: [DialectId, string][] = [
    ['anthropic-messages', MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello')],
    ['openai-chat', CHAT.start + CHAT.delta('Hello')],
  ];
  const forms: [string, string][] = [
    ['JSON without a field’s name', `${json}\n`],
    ['the same at the end of the stream', json],
    ['the same, and more behind it', `${json}\n\ndata: [DONE]\n\n`],
  ];
  for (const [dialect, words] of begun) {
    const own = dialect === 'anthropic-messages' ? [['an event without a name', `data: ${json}\n\n`]] : [];
    test.each([...forms, ...own])(`${dialect}: %s`, async (_, ending = '') => {
      const { bytes, row } = await exchange(dialect, dialect, replyWith(words + ending));
      const text = new TextDecoder().decode(bytes);
      expect(text).toStartWith(words);
      const events = readEvents(bytes.subarray(new TextEncoder().encode(words).length));
      expect(events).toHaveLength(1);
      const [{ event, data } = { event: '', data: '' }] = events;
      expect(event).toBe(dialect === 'anthropic-messages' ? 'error' : '');
      expect(JSON.parse(data)).toMatchObject({
        error: { message: expect.stringContaining('the engine died') },
      });
      expect(text.slice(words.length)).toMatch(/^(event: error\n)?data: .*\n\n$/);
      expect(row).toMatchObject({ status: 'error', errorCode: 'upstream_overloaded' });
    });
  }
});
