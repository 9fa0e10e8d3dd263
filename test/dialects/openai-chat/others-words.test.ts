// What a client of Chat Completions says in one vendor's words, at another vendor's server: it is said in words known there.
import { describe, expect, test } from 'bun:test';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const message = { role: 'assistant', content: 'Hello.' };
const ANSWER = { id: 'c', model: 'm', choices: [{ index: 0, message, finish_reason: 'stop' }] };

/** What a provider of this kind, or one of which nothing is known, was sent of `more`. */
async function sentTo(kind: string, model: string, more: object, base_url?: string) {
  const upstream = createReplayFetch(jsonReply(ANSWER));
  const row =
    kind === 'unknown' ? { dialect: 'openai-chat' as const, base_url: 'http://lab.invalid/v1' } : { kind };
  const provider = { ...row, ...(base_url !== undefined && { base_url }), api_key: 'k', max_retries: 0 };
  const { post } = createTestGateway({ config: { providers: { lab: provider } }, fetch: upstream.fetch });
  const messages = [{ role: 'user', content: 'hi' }];
  const answer = await post('/v1/chat/completions', { model: `lab/${model}`, messages, ...more });
  await answer.text();
  expect(answer.status).toBe(200);
  const { model: _, ...sent } = (upstream.requests[0]?.json() ?? {}) as {
    model?: string;
    messages?: unknown;
  };
  return { sent, messages, lost: answer.headers.get('x-sluice-lost') };
}

describe('thinking', () => {
  test.each([
    ['groq', 'openai/gpt-oss-120b', { reasoning: { effort: 'high' } }, { reasoning_effort: 'high' }],
    ['deepseek', 'deepseek-v4-pro', { reasoning: { enabled: false } }, { thinking: { type: 'disabled' } }],
    ['moonshot', 'kimi-k2.6', { enable_thinking: false }, { thinking: { type: 'disabled' } }],
    ['qwen', 'qwen3.5-plus', { thinking: { type: 'disabled' } }, { enable_thinking: false }],
    ['openrouter', 'z-ai/glm-4.7', { thinking: { type: 'disabled' } }, { reasoning: { enabled: false } }],
    ['openai', 'gpt-4.1', { thinking: { type: 'disabled' } }, {}],
    [
      'groq',
      'openai/gpt-oss-120b',
      { extra_body: { google: { thinking_config: { thinking_budget: 900 } } } },
      { reasoning_effort: 'low' },
    ],
  ])('is asked of %s in its own words: %s', async (kind, model, said, own) => {
    const { sent, messages } = await sentTo(kind, model, said);
    expect(sent).toEqual({ messages, ...own });
  });

  test.each([
    ['deepseek', 'deepseek-v4-pro', { thinking: { type: 'disabled' } }],
    ['qwen', 'qwen3.5-plus', { enable_thinking: true, thinking_budget: 900 }],
    ['openrouter', 'z-ai/glm-4.7', { reasoning: { effort: 'low', exclude: true } }],
    ['together', 'zai-org/GLM-4.7', { reasoning: { enabled: false } }],
    [
      'fireworks',
      'accounts/fireworks/models/kimi-k2p5',
      { thinking: { type: 'enabled', budget_tokens: 4_096 } },
    ],
    ['unknown', 'gemini-2.5-flash', { extra_body: { google: { thinking_config: { thinking_budget: 0 } } } }],
    ['unknown', 'm', { thinking: { type: 'enabled' }, enable_thinking: true, reasoning: { effort: 'low' } }],
  ])('in the words of %s passes as it is', async (kind, model, said) => {
    const { sent, messages } = await sentTo(kind, model, said);
    expect(sent).toEqual({ messages, ...said });
  });
});

test('what only OpenRouter’s server knows is named where it is left out, unless it means nothing there', async () => {
  const said = { usage: { include: true }, include_reasoning: true, top_k: 4, provider: { sort: 'price' } };
  for (const [kind, model] of [
    ['openai', 'gpt-4.1'],
    ['mistral', 'mistral-large-latest'],
    ['cerebras', 'gpt-oss-120b'],
  ] as const) {
    const { sent, messages, lost } = await sentTo(kind, model, said);
    expect(sent).toEqual({ messages });
    expect(lost?.split(', ').sort()).toEqual(['provider', 'top_k']);
  }
  expect(await sentTo('unknown', 'm', said)).toMatchObject({ sent: said, lost: null });
});

test('another server in OpenAI’s place (vLLM, LiteLLM) gets all that the client says', async () => {
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,QUJD' } };
  const said = {
    ...{ top_k: 20, min_p: 0.1, enable_thinking: false, thinking: { type: 'enabled', budget_tokens: 4_096 } },
    messages: [{ role: 'tool', tool_call_id: 'call_1', content: [image] }],
  };
  const { sent, lost } = await sentTo('openai', 'qwen3-32b', said, 'http://lab.invalid/v1');
  expect({ sent, lost }).toEqual({ sent: said, lost: null });
});

test('an image that a tool returned, which OpenAI refuses there, comes behind its result', async () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'shot', arguments: '{}' } };
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,QUJD' } };
  const asked = [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'See.' }, image] },
  ];
  const [user, turn, result] = asked;
  expect((await sentTo('openai', 'gpt-4.1', { messages: asked })).sent.messages).toMatchObject([
    user,
    turn,
    { role: 'tool', tool_call_id: 'call_1', content: expect.stringMatching(/^See\.\n/) },
    { role: 'user', content: [image] },
  ]);
  expect((await sentTo('openrouter', 'z-ai/glm-4.7', { messages: asked })).sent.messages).toEqual([
    user,
    turn,
    result,
  ]);
});

test('an image in Mistral’s form is an object elsewhere', async () => {
  const image = (image_url: unknown) => [{ role: 'user', content: [{ type: 'image_url', image_url }] }];
  const messages = image('https://pictures.test/a.png');
  expect((await sentTo('openai', 'gpt-4.1', { messages })).sent.messages).toEqual(
    image({ url: 'https://pictures.test/a.png' }),
  );
  expect((await sentTo('mistral', 'mistral-large-latest', { messages })).sent.messages).toEqual(messages);
});
