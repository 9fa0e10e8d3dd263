// A conversation with tools survives translation: what a provider must get back next turn (signatures, redacted
// reasoning, call ids and their tokens) travels through the client's own history and arrives as it was sent.
import { describe, expect, test } from 'bun:test';
import { resolveInput } from '../../support/resolve-input.ts';
import type { ResolvedConfig } from '../../../src/config/resolved.ts';
import { createGateway } from '../../../src/gateway/gateway.ts';
import { createWebHost } from '../../../src/gateway/host.ts';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject, JsonValue } from '../../../src/model/json/json.ts';
import { SPOKEN_DIALECTS, streamTypeOf } from '../../support/client-requests.ts';
import { sampleProvider } from '../../support/provider-config.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { CARRY_CLIENTS, type Fetch, plainThoughts } from './clients.ts';
import { CARRY_PROVIDERS, type CarryProvider, COPILOT } from './providers.ts';

/** What it is called when a token goes nowhere. */
const TOKEN_LOSSES = ['redacted_thinking', 'thought_signature'];

/**
 * @param answers in place of the providers' usual ones
 * @param chats who speaks Chat Completions
 */
function createLab(answers: Partial<Record<DialectId, string>> = {}, chats = CARRY_PROVIDERS['openai-chat']) {
  const upstream = createReplayFetch((request) => {
    const dialect = request.headers.get('x-lab') as DialectId;
    const headers = { 'content-type': streamTypeOf(dialect) };
    return replyWith(answers[dialect] ?? CARRY_PROVIDERS[dialect].answer, { headers });
  });
  const lost: string[] = [];
  const gateway = createGateway(labConfig(chats), createWebHost({ fetch: upstream.fetch }));
  /** A connection whose requests go to the provider of that dialect. */
  const connect =
    (dialect: DialectId): Fetch =>
    async (input, init) => {
      const request = new Request(input, init);
      request.headers.set('x-sluice-target', `${dialect}/${CARRY_PROVIDERS[dialect].model}`);
      const response = await gateway.fetch(request);
      lost.push(response.headers.get('x-sluice-lost') ?? '');
      return response;
    };
  const sent = (turn: number) => upstream.requests[turn]?.json() as JsonObject;
  return { connect, sent, lost };
}

const FRAMES = CARRY_PROVIDERS['anthropic-messages'].answer.split('\n\n');
/** Its answer without the redacted thinking, and with the thinking again in its place. */
const ONE_THOUGHT = FRAMES.filter((frame) => !frame.includes('"index":1')).join('\n\n');
const THOUGHT = FRAMES.filter((frame) => frame.includes('"index":0'));
const TWO_THOUGHTS = FRAMES.flatMap((frame) => {
  if (frame.includes('"index":1')) return [];
  const ends = frame === THOUGHT.at(-1);
  return ends ? [frame, ...THOUGHT.map((each) => each.replace('"index":0', '"index":1'))] : [frame];
}).join('\n\n');

/** One provider of each dialect, named by it. */
function labConfig(chats: CarryProvider): ResolvedConfig {
  const { config } = resolveInput({});
  const providers = SPOKEN_DIALECTS.map((dialect) => {
    const { baseUrl, quirks } = dialect === 'openai-chat' ? chats : CARRY_PROVIDERS[dialect];
    return sampleProvider({ name: dialect, dialect, baseUrl, quirks, headers: { 'x-lab': dialect } });
  });
  return { ...config, providers };
}

for (const client of SPOKEN_DIALECTS) {
  for (const provider of SPOKEN_DIALECTS) {
    if (client === provider) continue;
    const { model, held, expected } = CARRY_PROVIDERS[provider];
    const converse = CARRY_CLIENTS[client];

    describe.each([
      ['streamed', true],
      ['whole', false],
    ])(`${client} client, ${provider} provider, %s`, (_, stream) => {
      test('the provider gets back what it sent', async () => {
        const { connect, sent, lost } = createLab();
        await converse({ model, stream, first: connect(provider), second: connect(provider) });
        expect(held(sent(1))).toEqual(expected);
        expect(JSON.stringify(sent(1))).not.toContain('sluice');
        const names = lost[1]?.split(', ') ?? [];
        expect(names.filter((name) => TOKEN_LOSSES.includes(name))).toEqual([]);
      });

      test("a provider of the client's own dialect gets nothing of another's, and the calls by their ids", async () => {
        const { connect, sent } = createLab();
        await converse({ model, stream, first: connect(provider), second: connect(client) });
        const text = JSON.stringify(sent(1));
        expect(text).not.toContain('sluice');
        for (const token of tokensOf(CARRY_PROVIDERS[provider].answer)) expect(text).not.toContain(token);
        for (const id of idsOf(CARRY_PROVIDERS[provider].answer)) expect(text).toContain(id);
      });
    });
  }
}

describe.each([
  ['streamed', true],
  ['whole', false],
])('GitHub Copilot, %s', (_, stream) => {
  const { model, held, expected, answer } = COPILOT;

  test.each(SPOKEN_DIALECTS.filter((dialect) => dialect !== 'openai-chat'))(
    'gets back what it sealed, from a client of %s',
    async (client) => {
      const { connect, sent } = createLab({ 'openai-chat': answer }, COPILOT);
      const to = connect('openai-chat');
      await CARRY_CLIENTS[client]({ model, stream, first: to, second: to });
      expect(held(sent(1))).toEqual(expected);
    },
  );

  test('keeps its seal to itself: another server of the dialect gets the thought alone', async () => {
    const { connect, sent } = createLab({ 'openai-chat': answer });
    const to = connect('openai-chat');
    await CARRY_CLIENTS['anthropic-messages']({ model, stream, first: to, second: to });
    expect(JSON.stringify(sent(1))).not.toContain('U2lnbmVk');
    expect(JSON.stringify(sent(1))).toContain('"text":"Both at once."');
  });
});

describe.each([
  ['streamed', true],
  ['whole', false],
])('a client of Chat that keeps only the text of thoughts, %s', (_, stream) => {
  test.each([['anthropic-messages'], ['openai-responses']] as const)(
    '%s gets back what it sent',
    async (provider) => {
      const { model, held, expected } = CARRY_PROVIDERS[provider];
      const { connect, sent } = createLab({ 'anthropic-messages': ONE_THOUGHT });
      await plainThoughts({ model, stream, first: connect(provider), second: connect(provider) });
      const wanted = (expected as JsonValue[][]).filter(([type]) => type !== 'redacted_thinking');
      expect(held(sent(1))).toEqual(wanted);
      expect(JSON.stringify(sent(1))).not.toContain('c2x1aWNl');
    },
  );

  test('Claude gets no signature of a part of the text, to which clients join several thoughts', async () => {
    const { model } = CARRY_PROVIDERS['anthropic-messages'];
    const { connect, sent } = createLab({ 'anthropic-messages': TWO_THOUGHTS });
    const to = connect('anthropic-messages');
    await plainThoughts({ model, stream, first: to, second: to });
    const text = JSON.stringify(sent(1));
    expect(text).toContain('toolu_01');
    expect(text).not.toContain('signature');
  });

  test("a provider of the client's own dialect gets the text alone", async () => {
    const { model } = CARRY_PROVIDERS['anthropic-messages'];
    const { connect, sent } = createLab({ 'anthropic-messages': ONE_THOUGHT });
    await plainThoughts({
      model,
      stream,
      first: connect('anthropic-messages'),
      second: connect('openai-chat'),
    });
    const text = JSON.stringify(sent(1));
    expect(text).toContain('toolu_01');
    expect(text).not.toContain('extra_content');
  });
});

test('there is something to carry between', () => {
  expect(SPOKEN_DIALECTS.length).toBeGreaterThan(1);
});

function tokensOf(answer: string): string[] {
  const fields = /"(?:signature|data|thought_signature|thoughtSignature|encrypted_content)":"([^"]+)"/g;
  return [...answer.matchAll(fields)].map((match) => match[1] ?? '');
}

function idsOf(answer: string): string[] {
  return [...answer.matchAll(/"(?:toolu|call)_\d+"/g)].map((match) => match[0]);
}
