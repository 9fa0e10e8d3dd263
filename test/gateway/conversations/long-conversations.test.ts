// Conversations over a WebSocket may last for hours: budgets, rate limits and keys that change meanwhile hold for them too.
import { describe, expect, test } from 'bun:test';
import { resolveInput } from '../../support/resolve-input.ts';
import type { ConfigInput } from '../../../src/index.ts';
import type { SocketReader } from '../../../src/upstream/socket-transport.ts';
import { atOnce } from '../../support/at-once.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { createTestGateway } from '../../support/test-gateway.ts';
import { eventually } from '../../support/time-limit.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime';
const LIVE = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
/** Of 100,000 tokens, for 1 USD. */
const ANSWER = { type: 'response.done', response: { usage: { input_tokens: 100_000, output_tokens: 0 } } };

function configOf(
  changes: ConfigInput,
  budgets: NonNullable<ConfigInput['costs']>['budgets'] = [],
): ConfigInput {
  const price = { input_per_million: 10, output_per_million: 100 };
  return {
    providers: { openai: { api_key: 'sk-proj-lab' }, gemini: { api_key: 'AIzaSyLab' } },
    costs: { pricing_overrides: { 'openai/*': price, 'gemini/*': price }, budgets },
    ...changes,
  };
}

function setup(config: ConfigInput) {
  const readers: SocketReader[] = [];
  const closedAtProvider: number[] = [];
  const pings = { client: 0, provider: 0 };
  /** The provider accepts a conversation once this is resolved. */
  const handshake = { accepted: Promise.resolve() };
  // Time stands still until a test moves it on: no limit recovers.
  const { monotonic, setTimer, advance } = createManualTimers();
  const lab = createTestGateway({
    config,
    fetch: () => Promise.reject(new Error('not part of this test')),
    host: {
      monotonic,
      setTimer,
      async connectSocket({ signal }) {
        await handshake.accepted;
        if (signal.aborted) throw signal.reason;
        return {
          protocol: '',
          read: (reader) => void readers.push(reader),
          pause() {},
          resume() {},
          send() {},
          ping: () => void pings.provider++,
          unsent: () => 0,
          close: (code) => void closedAtProvider.push(code),
        };
      },
    },
  });
  return {
    ...lab,
    closedAtProvider,
    pings,
    handshake,
    advance,
    reload(changed: ConfigInput) {
      lab.gateway.reload(resolveInput(changed).config);
    },
    /** The status of the refusal, or the conversation. */
    async open(path: string, headers: Record<string, string> = {}) {
      const session = await lab.gateway.openSocket(new Request(`http://127.0.0.1${path}`, { headers }));
      if (session instanceof Response) return session.status;
      /** Messages, and how it was closed. */
      const heard: (string | [number, string])[] = [];
      const client = { reads: true };
      session.opened({
        send(data) {
          heard.push(String(data));
          return client.reads;
        },
        ping: () => void pings.client++,
        close: (code, reason) => void heard.push([code, reason]),
      });
      const reader = readers.at(-1);
      return {
        heard,
        client,
        say: (message: string) => session.received(message),
        drained: () => session.drained(),
        pong: () => reader?.ponged(),
        answer: (...events: object[]) => {
          for (const event of events) reader?.message(JSON.stringify(event));
        },
        close: () => session.closed(1000, ''),
      };
    },
    async begin(path: string, headers?: Record<string, string>) {
      const opened = await this.open(path, headers);
      if (typeof opened === 'number') throw new Error(`refused with ${opened}`);
      return opened;
    },
  };
}

describe('a budget that is used up', () => {
  const BUDGETS = [{ limit_usd: 1.5, per: 'day' as const }];

  test('by the conversation itself ends it after the answer', async () => {
    const lab = setup(configOf({}, BUDGETS));
    const conversation = await lab.begin(REALTIME);
    const heard = { type: 'conversation.item.input_audio_transcription.completed', transcript: 'Hi' };
    conversation.answer(ANSWER, heard);
    expect(conversation.heard).toHaveLength(2);
    conversation.answer(ANSWER, { type: 'response.created' });
    expect(conversation.heard.slice(2)).toEqual([
      JSON.stringify(ANSWER),
      [1008, 'the budget of 1.5 USD a day is used up (2.00 USD spent) (costs.budgets)'],
    ]);
    expect(lab.closedAtProvider).toEqual([1001]);
    expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'budget_exceeded', costUsd: 2 });
    expect(await lab.open(REALTIME)).toBe(429);
    // It was not the provider's failure.
    expect(lab.gateway.providerStates()[0]).toMatchObject({ name: 'openai', healthy: true });
  });

  test('by several together ends each after its answer and refuses others, and what they cost counts once', async () => {
    const lab = setup(configOf({}, BUDGETS));
    const [one, other] = [await lab.begin(REALTIME), await lab.begin(REALTIME)];
    one.answer(ANSWER);
    other.answer(ANSWER);
    expect([one.heard.length, other.heard.length]).toEqual([1, 2]);
    expect(await lab.open(REALTIME)).toBe(429);
    one.answer({ type: 'response.done', response: {} });
    expect(one.heard.at(-1)).toEqual([1008, expect.stringContaining('2.00 USD spent')]);
  });

  test('is shown with each answer, and what a conversation cost counts once', async () => {
    const lab = setup(configOf({}, [{ limit_usd: 9, per: 'day' }]));
    const spent = async () => {
      const page = await lab.gateway.fetch(new Request('http://127.0.0.1/metrics'));
      return /^sluice_budget_spent_usd\{.*\} (.*)$/m.exec(await page.text())?.[1];
    };
    const conversation = await lab.begin(REALTIME);
    conversation.answer(ANSWER);
    expect(await spent()).toBe('1');
    conversation.answer(ANSWER, ANSWER);
    expect(await spent()).toBe('3');
    conversation.close();
    await lab.row(0);
    expect(await spent()).toBe('3');
  });

  test('keeps what a conversation cost before its price was unknown', async () => {
    const { costs: _, ...rest } = configOf({});
    const lab = setup({ ...rest, costs: { budgets: [{ limit_usd: 3, per: 'day' }] } });
    const conversation = await lab.begin(REALTIME);
    const usage = { input_tokens: 500_000, output_tokens: 0, input_token_details: { text_tokens: 500_000 } };
    const transcribed = { type: 'conversation.item.input_audio_transcription.completed', usage: {} };
    conversation.answer({ type: 'response.done', response: { usage } }, transcribed, ANSWER);
    conversation.close();
    expect(await lab.row(0)).toMatchObject({ costUsd: null });
    // It cost 2 USD before it was transcribed.
    const next = await lab.begin(REALTIME);
    next.answer({ type: 'response.done', response: { usage } });
    expect(next.heard.at(-1)).toEqual([1008, expect.stringContaining('4.00 USD spent')]);
  });

  test('ends a Live conversation at the end of a turn', async () => {
    const lab = setup(configOf({}, BUDGETS));
    const conversation = await lab.begin(LIVE);
    const usageMetadata = { promptTokenCount: 200_000, responseTokenCount: 0 };
    conversation.answer({ usageMetadata });
    expect(conversation.heard).toHaveLength(1);
    conversation.answer({ serverContent: { turnComplete: true } });
    expect(conversation.heard.slice(2)).toEqual([[1008, expect.stringContaining('is used up')]]);
  });
});

test('tokens count towards rate limits as they are reported, each once', async () => {
  const lab = setup(configOf({ rate_limits: [{ tokens: 250_000, per: 'minute' }] }));
  const conversation = await lab.begin(REALTIME);
  const used = () => atOnce(lab.gateway.rateLimits())[0]?.used;
  conversation.answer(ANSWER);
  expect(used()).toBe(100_000);
  conversation.answer(ANSWER, ANSWER);
  expect(used()).toBe(300_000);
  expect(conversation.heard).toHaveLength(3);
  expect(await lab.open(REALTIME)).toBe(429);
  conversation.close();
  await lab.row(0);
  expect(used()).toBe(300_000);
});

describe('a changed configuration', () => {
  const KEY = 'a-key-of-the-gateway-0123456789';
  const OTHER = 'another-key-of-the-gateway-0123';
  const HEADERS = { 'x-sluice-key': KEY };

  test.each<[string, ConfigInput['server'], string]>([
    [
      'without its key',
      { keys: [OTHER] },
      'the key is not one of server.keys; send one of these, as x-sluice-key beside a key for the provider',
    ],
    [
      'that gives its key to another project',
      { keys: [OTHER], project_keys: { web: [KEY] } },
      'the key belongs to another project now',
    ],
  ])('%s ends a conversation', async (_, server, reason) => {
    const lab = setup(configOf({ server: { keys: [KEY, OTHER] } }));
    const ended = await lab.begin(REALTIME, HEADERS);
    const stays = await lab.begin(REALTIME, { 'x-sluice-key': OTHER });
    lab.reload(configOf({ server }));
    expect(ended.heard).toEqual([[1008, reason]]);
    expect(stays.heard).toEqual([]);
    expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'unauthenticated' });
    stays.answer(ANSWER);
    expect(stays.heard).toHaveLength(1);
  });

  test('without its key refuses a conversation that the provider has not accepted yet', async () => {
    const lab = setup(configOf({ server: { keys: [KEY, OTHER] } }));
    const { promise, resolve } = Promise.withResolvers<void>();
    lab.handshake.accepted = promise;
    const opening = lab.open(REALTIME, HEADERS);
    await eventually(async () => (await lab.gateway.running.list())[0]?.provider === 'openai');
    lab.reload(configOf({ server: { keys: [OTHER] } }));
    resolve();
    expect(await opening).toBe(401);
    expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'unauthenticated' });
  });
});

describe('a silent conversation', () => {
  test('is kept open in proxies on both sides by pings, as long as the provider answers them', async () => {
    const lab = setup(configOf({}));
    const conversation = await lab.begin(REALTIME);
    await lab.advance(14_000);
    conversation.answer({ type: 'response.created' });
    await lab.advance(14_000);
    expect(lab.pings).toEqual({ client: 0, provider: 0 });
    await lab.advance(1_000);
    expect(lab.pings).toEqual({ client: 1, provider: 1 });
    for (let minutes = 0; minutes < 60; minutes++) {
      // What the client says shows nothing of the provider, and nothing to what reads only answers.
      conversation.say('sound');
      conversation.pong();
      await lab.advance(60_000);
    }
    expect(lab.pings.client).toBe(241);
    expect(conversation.heard).toHaveLength(1);
    conversation.close();
    await lab.advance(60_000);
    expect(lab.pings.client).toBe(241);
  });

  test('whose provider is gone without a word ends', async () => {
    const lab = setup(configOf({}));
    const conversation = await lab.begin(REALTIME);
    await lab.advance(119_000);
    expect(conversation.heard).toEqual([]);
    await lab.advance(1_000);
    expect(conversation.heard).toEqual([[1011, 'openai has answered no ping for 120 s']]);
    expect(lab.closedAtProvider).toEqual([1001]);
    expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_timeout' });
  });

  test('of a client that does not read is not the provider’s silence, and no pings wait for it', async () => {
    const lab = setup(configOf({}));
    const conversation = await lab.begin(REALTIME);
    conversation.client.reads = false;
    conversation.answer({ type: 'response.created' });
    await lab.advance(600_000);
    expect(lab.pings.client).toBe(0);
    expect(conversation.heard).toHaveLength(1);
    conversation.drained();
    await lab.advance(60_000);
    expect(lab.pings.client).toBe(4);
    expect(conversation.heard).toHaveLength(1);
  });
});
