// How long an answer may get: what a client of another dialect asks for beyond what the model writes is lowered.
import { expect, test } from 'bun:test';
import { fitOutputLimit } from '../../src/dialects/shared/settings/output-limit.ts';
import { findProviderKind } from '../../src/providers/kinds.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const messages = [{ role: 'user' as const, content: 'hi' }];

/** More than any of them writes. */
const TOO_MANY = 2_000_000;

function mostOf(kind: string, model: string): number | undefined {
  const request = { model, stream: false, system: [], messages: [], tools: [], maxOutputTokens: TOO_MANY };
  const { quirks } = findProviderKind(kind) ?? {};
  return fitOutputLimit(request, model, quirks?.outputLimits).request.maxOutputTokens;
}

test.each([
  ['anthropic', 'claude-3-haiku-20240307', 4_096],
  ['anthropic', 'claude-3-5-haiku-20241022', 8_192],
  ['anthropic', 'claude-3-7-sonnet-latest', 64_000],
  ['anthropic', 'claude-opus-4-20250514', 32_000],
  ['bedrock', 'us.anthropic.claude-opus-4-1-20250805-v1:0', 32_000],
  ['vertex', 'claude-opus-4-5@20251101', 64_000],
  ['anthropic', 'claude-sonnet-4-20250514', 64_000],
  ['anthropic', 'claude-haiku-4-5', 64_000],
  ['bedrock-anthropic', 'anthropic.claude-sonnet-4-6', 128_000],
  ['anthropic', 'claude-opus-4-8', 128_000],
  ['anthropic', 'claude-haiku-5-5', 128_000],
  ['openai', 'gpt-4o-mini-2024-07-18', 16_384],
  ['openai', 'ft:gpt-4.1-nano:team::id', 32_768],
  ['azure', 'gpt-5-chat-latest', 16_384],
  ['openai', 'o4-mini', 100_000],
  ['openai', 'gpt-5.6-sol', 128_000],
  ['gemini', 'gemini-2.0-flash-001', 8_192],
  ['gemini', 'gemini-3.5-flash-lite', 65_536],
  ['vertex', 'gemini-3.5-flash-lite', 65_535],
  ['groq', 'llama-3.3-70b-versatile', 32_768],
  ['qwen', 'qwen-max-latest', 8_192],
])('%s’s %s writes %d tokens', (kind, model, most) => {
  expect(mostOf(kind, model)).toBe(most);
});

test.each([
  ['anthropic', 'claude-opus-9'],
  ['openai', 'gpt-5-pro'],
  ['openai', 'gpt-9'],
  ['gemini', 'gemini-2.5-flash-image'],
  ['groq', 'llama-3.1-8b-instant'],
  ['mistral', 'mistral-large-latest'],
])('what %s’s %s writes is not known', (kind, model) => {
  expect(mostOf(kind, model)).toBe(TOO_MANY);
});

function setup() {
  const answer = {
    ...{ id: 'c', object: 'chat.completion', created: 1, model: 'gpt-4o' },
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  };
  const upstream = createReplayFetch(jsonReply(answer));
  const config = { providers: { openai: { api_key: 'key-for-openai' } } };
  const gateway = createTestGateway({ config, fetch: upstream.fetch });
  return { ...gateway, sent: () => upstream.requests[0]?.json() };
}

test('a client of another dialect gets as much as there is, and the row says so', async () => {
  const { post, sent, row } = setup();
  const response = await post('/v1/messages', { model: 'openai/gpt-4o', max_tokens: 32_000, messages });
  expect(response.status).toBe(200);
  expect(sent()).toMatchObject({ max_completion_tokens: 16_384 });
  expect((await row(0)).lost).toEqual(['max_tokens (approximated: 16384, the most that the model writes)']);
});

test('what is within the limit is sent as it is', async () => {
  const { post, sent, row } = setup();
  await post('/v1/messages', { model: 'openai/gpt-4o', max_tokens: 16_384, messages });
  expect(sent()).toMatchObject({ max_completion_tokens: 16_384 });
  expect((await row(0)).lost).toEqual([]);
});

test('a client of the provider’s own dialect hears from the provider', async () => {
  const { post, sent } = setup();
  await post('/v1/chat/completions', { model: 'openai/gpt-4o', max_completion_tokens: 32_000, messages });
  expect(sent()).toMatchObject({ max_completion_tokens: 32_000 });
});
