// The service tier that served reaches clients of other dialects, where both sides have the same name for it.
import { ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { describe, expect, test } from 'bun:test';
import { createAmazonLab } from '../../support/amazon-lab.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const chat = (service_tier: string, stream = false) => ({
  id: 'c',
  object: stream ? 'chat.completion.chunk' : 'chat.completion',
  created: 1,
  model: 'm',
  service_tier,
  choices: [
    { index: 0, [stream ? 'delta' : 'message']: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});

const gemini = (serviceTier: string) => ({
  candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2, serviceTier },
});

const anthropic = (service_tier: string) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 1, output_tokens: 1, service_tier },
});

const sse = (...events: object[]): Reply =>
  replyWith(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  });

const PROVIDERS = {
  openai: { api_key: 'k', max_retries: 0 },
  gemini: { api_key: 'k', max_retries: 0 },
  anthropic: { api_key: 'k', max_retries: 0 },
};

async function asked(path: string, body: object, reply: Reply): Promise<string> {
  const upstream = createReplayFetch(reply);
  const lab = createTestGateway({ config: { providers: PROVIDERS }, fetch: upstream.fetch });
  return (await lab.post(path, body)).text();
}

/** The data of the last event that has the field, or the whole answer. */
function lastWith(text: string, field: string) {
  const line = text.split('\n').findLast((each) => each.includes(`"${field}"`)) ?? '{}';
  return JSON.parse(line.replace(/^data: /, ''));
}

const ASKS = {
  chat: (model: string, stream: boolean) => ({ model, stream, messages: [{ role: 'user', content: 'Hi' }] }),
  messages: (model: string, stream: boolean) => ({
    model,
    stream,
    max_tokens: 9,
    messages: [{ role: 'user', content: 'Hi' }],
  }),
};
const CONTENTS = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] };

describe.each([false, true])('streamed: %p', (stream) => {
  const fromGemini = (tier: string) => (stream ? sse(gemini(tier)) : jsonReply(gemini(tier)));
  const fromChat = (tier: string) => (stream ? sse(chat(tier, true)) : jsonReply(chat(tier)));

  test('of Gemini, to a client of Chat', async () => {
    const text = await asked('/v1/chat/completions', ASKS.chat('gemini/m', stream), fromGemini('flex'));
    expect(lastWith(text, 'finish_reason').service_tier).toBe('flex');
    const usual = await asked('/v1/chat/completions', ASKS.chat('gemini/m', stream), fromGemini('standard'));
    // OpenAI states it in whole answers, and clients read it there (LiteLLM's for Groq).
    if (stream) expect(usual).not.toContain('service_tier');
    else expect(JSON.parse(usual).service_tier).toBe('default');
  });

  test('of Gemini, with the counts that a client of Chat asked for', async () => {
    const ask = {
      ...ASKS.chat('gemini/m', stream),
      ...(stream && { stream_options: { include_usage: true } }),
    };
    const text = await asked('/v1/chat/completions', ask, fromGemini('flex'));
    expect(lastWith(text, 'prompt_tokens')).toMatchObject({
      service_tier: 'flex',
      usage: { total_tokens: 2 },
    });
  });

  test('of Gemini, to a client of Responses', async () => {
    const ask = { model: 'gemini/m', stream, input: 'Hi' };
    const answer = lastWith(await asked('/v1/responses', ask, fromGemini('priority')), 'output_tokens');
    expect((stream ? answer.response : answer).service_tier).toBe('priority');
  });

  test('of OpenAI, to a client of Gemini', async () => {
    const method = stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
    const text = await asked(`/v1beta/models/openai/m:${method}`, CONTENTS, fromChat('flex'));
    expect(lastWith(text, 'candidatesTokenCount').usageMetadata.serviceTier).toBe('flex');
  });

  test('of OpenAI, to a client of Anthropic, which knows but one of the names', async () => {
    const served = async (tier: string) =>
      lastWith(
        await asked('/v1/messages', ASKS.messages('openai/m', stream), fromChat(tier)),
        'output_tokens',
      ).usage;
    expect(await served('priority')).toMatchObject({ service_tier: 'priority' });
    expect(await served('flex')).not.toHaveProperty('service_tier');
  });
});

test('of Gemini, where OpenAI has no name for it', async () => {
  const ask = ASKS.chat('gemini/m', false);
  const text = await asked('/v1/chat/completions', ask, jsonReply(gemini('overnight')));
  expect(JSON.parse(text)).not.toHaveProperty('service_tier');
});

test('of Anthropic, to a client of Chat', async () => {
  const served = async (tier: string) =>
    JSON.parse(
      await asked('/v1/chat/completions', ASKS.chat('anthropic/m', false), jsonReply(anthropic(tier))),
    );
  expect(await served('priority')).toMatchObject({ service_tier: 'priority' });
  expect(await served('standard')).toMatchObject({ service_tier: 'default' });
});

test('of Anthropic, to a client of Converse', async () => {
  const ask = {
    modelId: 'us.anthropic.claude-x',
    messages: [{ role: 'user' as const, content: [{ text: 'Hi' }] }],
  };
  const whole = createAmazonLab(jsonReply(anthropic('priority')));
  expect((await whole.client.send(new ConverseCommand(ask))).serviceTier).toEqual({ type: 'priority' });
  const { client } = createAmazonLab(jsonReply(anthropic('priority')));
  const { stream = [] } = await client.send(new ConverseStreamCommand(ask));
  const events = [];
  for await (const event of stream) events.push(event);
  expect(events.at(-1)?.metadata?.serviceTier).toEqual({ type: 'priority' });
});
