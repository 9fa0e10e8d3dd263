// Log probabilities between OpenAI's two dialects: asked for, streamed and whole, as OpenAI's own SDK reads them.
import { describe, expect, test } from 'bun:test';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import type { Dialect } from '../../../src/dialects/dialect.ts';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import type { TokenChance } from '../../../src/model/logprobs.ts';
import { createResponseCollector } from '../../../src/model/replay.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const PROVIDERS = { 'openai-chat': LAB_PROVIDERS.gpt, 'openai-responses': LAB_PROVIDERS.responses } as const;
type Wire = keyof typeof PROVIDERS;

/** Of two bytes of one letter the first has no text. */
const SAID = [
  ['It', [73, 116], -0.25],
  ['', [195], -1.5],
  ['é', [169], 0],
  [' rains', [32], -0.125],
] as const;

const TOKENS = SAID.map(([token, bytes, logprob]) => ({
  ...{ token: token === '' ? '\\xc3' : token, logprob, bytes: [...bytes] },
  top: [{ token: 'x', logprob: -3, bytes: [120] }],
}));

const EVENTS: StreamEvent[] = [
  { type: 'start', id: 'r1', model: 'served' },
  { type: 'text-start', block: 0 },
  ...SAID.map(([text], at): StreamEvent => {
    const token = TOKENS[at];
    return { type: 'text-delta', block: 0, text, logprobs: token === undefined ? [] : [token] };
  }),
  { type: 'text-end', block: 0 },
  { type: 'finish', finish: { unified: 'end_turn', raw: 'stop' } },
];

const spelled = TOKENS.map(({ top, ...token }) => ({ ...token, top_logprobs: top }));

function answerOf({ client }: Dialect, streamed: boolean) {
  const context = { requestId: 'r', model: 'served', created: 1, includeUsage: false };
  if (streamed) {
    const encoder = client.createStreamEncoder(context);
    return replyWith(EVENTS.map((event) => encoder.encode(event)).join(''));
  }
  const collector = createResponseCollector();
  for (const event of EVENTS) collector.push(event);
  return jsonReply(client.buildResponse(collector.response(), context));
}

function labOf(provider: Wire, model: string) {
  const upstream = createReplayFetch((request) =>
    answerOf(DIALECTS[provider], (request.json() as JsonObject).stream === true),
  );
  const lab = createTestGateway({
    config: { providers: { lab: PROVIDERS[provider] }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
  });
  const sdk = new OpenAI({
    apiKey: 'k',
    baseURL: 'http://gateway.test/v1',
    maxRetries: 0,
    fetch: async (url, init) => lab.gateway.fetch(new Request(String(url), init as RequestInit)),
  });
  return { lab, sdk, model, sent: () => upstream.requests[0]?.json() as JsonObject };
}

const WIRES = Object.keys(PROVIDERS) as Wire[];

describe.each(WIRES.map((provider) => ({ provider })))('answered by $provider', ({ provider }) => {
  test('to a client of Chat Completions', async () => {
    const { sdk, lab, sent } = labOf(provider, 'gpt-4.1');
    const ask = { model: 'gpt-4.1', messages: [{ role: 'user' as const, content: 'q' }] };
    const wish = { ...ask, logprobs: true, top_logprobs: 1 };
    const whole = await sdk.chat.completions.create(wish);
    expect(whole.choices[0]?.logprobs).toEqual({ content: spelled, refusal: null });
    expect(whole.choices[0]?.message.content).toBe('Ité rains');
    expect(sent()).toMatchObject(
      provider === 'openai-chat'
        ? { logprobs: true, top_logprobs: 1 }
        : { include: ['message.output_text.logprobs'], top_logprobs: 1 },
    );
    const stream = sdk.chat.completions.stream(wish);
    const chunks = [];
    for await (const { choices } of stream) chunks.push(choices[0]);
    // Each token comes with its text.
    const withLogprobs = chunks.filter((choice) => choice?.logprobs);
    expect(withLogprobs.map((choice) => choice?.delta.content)).toEqual(SAID.map(([text]) => text));
    expect((await stream.finalChatCompletion()).choices[0]?.logprobs?.content).toEqual(spelled);
    for (const at of [0, 1]) expect((await lab.row(at)).lost).toEqual([]);
  });

  test('to a client of Responses', async () => {
    const { sdk, lab, sent } = labOf(provider, 'gpt-4.1');
    const wish = {
      ...{ model: 'gpt-4.1', input: 'q', top_logprobs: 1 },
      include: ['message.output_text.logprobs' as const],
    };
    const partOf = ({ output }: { output: OpenAI.Responses.ResponseOutputItem[] }) => {
      const [item] = output;
      return item?.type === 'message' ? item.content[0] : undefined;
    };
    const part = { type: 'output_text', text: 'Ité rains', logprobs: spelled };
    expect(partOf(await sdk.responses.create(wish))).toMatchObject(part);
    expect(sent()).toMatchObject(
      provider === 'openai-chat'
        ? { logprobs: true, top_logprobs: 1 }
        : { include: ['message.output_text.logprobs'], top_logprobs: 1 },
    );
    const stream = sdk.responses.stream(wish);
    const deltas: [string, unknown][] = [];
    let done: unknown;
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') deltas.push([event.delta, event.logprobs]);
      if (event.type === 'response.output_text.done') done = event.logprobs;
    }
    expect(deltas).toEqual(SAID.map(([text], at) => [text, [spelled[at]]]));
    expect(done).toEqual(spelled);
    expect(partOf(await stream.finalResponse())).toMatchObject(part);
    for (const at of [0, 1]) expect((await lab.row(at)).lost).toEqual([]);
  });
});

test.each(WIRES)('answered by %s to a client of Gemini', async (provider) => {
  const { lab, sent } = labOf(provider, 'gpt-4.1');
  const fetch = (url: string | URL | Request, init?: RequestInit) =>
    lab.gateway.fetch(new Request(url, init));
  const httpOptions = { baseUrl: 'http://gateway.test', fetch: fetch as typeof globalThis.fetch };
  const { models } = new GoogleGenAI({ apiKey: 'k', httpOptions });
  const ask = { model: 'gpt-4.1', contents: 'q', config: { responseLogprobs: true, logprobs: 1 } };
  const chanceOf = ({ token, logprob }: TokenChance) => ({ token, logProbability: logprob });
  const chosen = TOKENS.map(chanceOf);
  const topCandidates = TOKENS.map(({ top }) => ({ candidates: top.map(chanceOf) }));

  const whole = await models.generateContent(ask);
  expect(whole.text).toBe('Ité rains');
  expect(whole.candidates?.[0]?.logprobsResult).toEqual({ chosenCandidates: chosen, topCandidates });
  expect(sent()).toMatchObject({ top_logprobs: 1 });

  const reported: [string | undefined, unknown][] = [];
  for await (const { candidates } of await models.generateContentStream(ask)) {
    const { content, logprobsResult } = candidates?.[0] ?? {};
    if (logprobsResult) reported.push([content?.parts?.[0]?.text, logprobsResult.chosenCandidates]);
  }
  expect(reported).toEqual(SAID.map(([text], at) => [text, chosen.slice(at, at + 1)]));
  // Of the token that is no letter by itself.
  for (const at of [0, 1]) expect((await lab.row(at)).lost).toEqual(['logprobs.bytes']);
});

test.each([
  ['gemini', [], { responseLogprobs: true, logprobs: 1 }],
  ['anthropic-messages', ['logprobs', 'top_logprobs'], undefined],
] as const)("a Gemini client's wish for them at %s", (wire, lost, config) => {
  const ask = {
    contents: [{ parts: [{ text: 'q' }] }],
    generationConfig: { responseLogprobs: true, logprobs: 1 },
  };
  const request = DIALECTS.gemini.client.parseRequest(ask, { operation: 'generate', model: 'm' });
  const { body, losses } = DIALECTS[wire].provider.buildRequest(request, { model: 'm', quirks: {} });
  expect(losses.map(({ feature }) => feature)).toEqual([...lost]);
  expect(body.generationConfig).toEqual(config);
});

// https://platform.openai.com/docs/guides/latest-model: log probabilities are taken where temperature is.
test.each([
  ['gpt-5', {}, ['logprobs', 'top_logprobs']],
  ['gpt-5.5', {}, ['logprobs', 'top_logprobs']],
  ['gpt-5.5', { reasoning_effort: 'none' }, []],
  ['gpt-5.2', { reasoning_effort: 'low' }, ['logprobs', 'top_logprobs']],
  ['gpt-5.2', { reasoning_effort: 'none' }, []],
  // It thinks only if asked to.
  ['gpt-5.2', {}, []],
] as const)('%s is asked for them only where it does not think: %j', async (model, more, lost) => {
  const { sdk, lab, sent } = labOf('openai-responses', model);
  const messages = [{ role: 'user' as const, content: 'q' }];
  await sdk.chat.completions.create({ model, messages, logprobs: true, top_logprobs: 1, ...more });
  expect((await lab.row(0)).lost).toEqual([...lost]);
  expect(sent().top_logprobs).toBe(lost.length === 0 ? 1 : undefined);
  expect(String(sent().include).includes('logprobs')).toBe(lost.length === 0);
});

test('a model of Chat Completions that refuses them is not asked either', () => {
  const { client } = DIALECTS['openai-responses'];
  const body = { input: 'q', include: ['message.output_text.logprobs'], top_logprobs: 1 };
  const route = { operation: 'generate', model: 'm', stream: false } as const;
  const request = client.parseRequest({ ...body, model: 'm' }, route);
  const quirks = { fixedSampling: /^o3/ };
  const built = DIALECTS['openai-chat'].provider.buildRequest(request, { model: 'o3', quirks });
  expect(Object.keys(built.body)).not.toContain('logprobs');
  expect(built.losses.map(({ feature }) => feature)).toEqual(['logprobs', 'top_logprobs']);
});
