// Claude Code names its session within `metadata.user_id`. Providers of other dialects want it in places of their own, and find a
// cached prompt less often without it: each of their servers has a cache of its own.
import { describe, expect, test } from 'bun:test';
import type { ClientRoute } from '../../src/dialects/dialect.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { findProviderKind } from '../../src/providers/kinds.ts';
import { MODELS } from '../providers/row-lab.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply } from '../support/reply.ts';
import { wholeChat } from '../support/message-stream.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const SESSION = '0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d';
const DEVICE = 'd'.repeat(64);
const ACCOUNT = '11111111-2222-4333-8444-555555555555';
const USER = JSON.stringify({ device_id: DEVICE, account_uuid: ACCOUNT, session_id: SESSION });
const OLDER = `user_${DEVICE}_account_${ACCOUNT}_session_${SESSION}`;
const KEY = /^[\da-f]{16}$/;
const GENERATE: ClientRoute = { operation: 'generate' };

const asked = (user_id?: string): JsonObject => ({
  model: 'm',
  max_tokens: 99,
  messages: [{ role: 'user', content: 'Hi' }],
  ...(user_id !== undefined && { metadata: { user_id } }),
});

const AZURE = 'https://a.openai.azure.com/openai/v1';

const CODEX: JsonObject = { model: 'm', input: 'Hi', prompt_cache_key: 'codex-session' };

function built(kind: string, body: JsonObject, client: DialectId = 'anthropic-messages', wire?: DialectId) {
  const row = findProviderKind(kind);
  if (row === undefined) throw new Error(`no row ${kind}`);
  const { quirks } = row;
  const baseUrl = kind === 'azure' ? AZURE : row.baseUrl;
  const request = DIALECTS[client].client.parseRequest(body, GENERATE);
  const model = MODELS[kind] ?? 'gpt-6-sol';
  return DIALECTS[wire ?? 'openai-chat'].provider.buildRequest(request, { model, quirks, baseUrl });
}

/** Where each looks for it. */
const FIELDS = { openai: 'prompt_cache_key', azure: 'prompt_cache_key', mistral: 'prompt_cache_key' };
const FIELD_ROWS = Object.entries({ ...FIELDS, moonshot: 'prompt_cache_key', openrouter: 'session_id' });
const HEADER_ROWS = Object.entries({ xai: 'x-grok-conv-id', fireworks: 'x-session-affinity' });

describe('Claude Code’s session', () => {
  test.each(FIELD_ROWS)('is a key for %s in %s', (kind, field) => {
    const { body, headers } = built(kind, asked(USER));
    expect(body[field]).toMatch(KEY);
    expect(headers).toBeUndefined();
    expect(built(kind, asked(OLDER)).body[field]).toBe(body[field] ?? null);
    expect(built(kind, asked(USER.replace('0b1c', '0b1d'))).body[field]).not.toBe(body[field] ?? null);
  });

  test.each(HEADER_ROWS)('is a key for %s in the header %s', (kind, header) => {
    const { body, headers } = built(kind, asked(USER));
    expect(headers?.[header]).toMatch(KEY);
    expect(JSON.stringify(body)).not.toContain(headers?.[header] ?? '');
  });

  test.each(['openai', 'azure', 'xai'])('is a key for Responses of %s', (kind) => {
    const { body, headers } = built(kind, asked(USER), 'anthropic-messages', 'openai-responses');
    expect(body.prompt_cache_key).toMatch(KEY);
    expect(headers).toBeUndefined();
  });

  test.each([...FIELD_ROWS, ...HEADER_ROWS])('is not told to %s as it is', (kind) => {
    const { body, headers } = built(kind, asked(USER));
    expect(JSON.stringify([body, headers])).not.toContain(SESSION);
  });

  test.each(['deepseek', 'groq', 'together', 'qwen', 'cerebras', 'glm', 'vllm'])(
    'is not sent to %s, which does not say that it takes one',
    (kind) => {
      const { body, headers } = built(kind, asked(USER));
      expect(Object.keys(body).filter((name) => /cache|session/.test(name))).toEqual([]);
      expect(headers).toBeUndefined();
    },
  );

  test('is not sent to a server elsewhere that is configured as OpenAI', () => {
    const request = DIALECTS['anthropic-messages'].client.parseRequest(asked(USER), GENERATE);
    const quirks = findProviderKind('openai')?.quirks ?? {};
    const options = { model: 'gpt-6-sol', quirks, baseUrl: 'http://127.0.0.1:8000/v1' };
    for (const wire of ['openai-chat', 'openai-responses'] as const)
      expect(DIALECTS[wire].provider.buildRequest(request, options).body.prompt_cache_key).toBeUndefined();
  });

  test.each([
    ['https://a.openai.azure.com', 'gpt-6-sol'],
    [AZURE, 'Kimi-K2.5'],
  ])('is not sent to Azure at %s for %s, which refuses it, nor is a client’s own key', (baseUrl, model) => {
    const quirks = findProviderKind('azure')?.quirks ?? {};
    const build = (client: DialectId, ask: JsonObject) => {
      const request = DIALECTS[client].client.parseRequest(ask, GENERATE);
      return DIALECTS['openai-chat'].provider.buildRequest(request, { model, quirks, baseUrl });
    };
    expect(build('anthropic-messages', asked(USER)).body.prompt_cache_key).toBeUndefined();
    const { body, losses } = build('openai-responses', CODEX);
    expect(body.prompt_cache_key).toBeUndefined();
    expect(losses).toEqual([{ feature: 'prompt_cache_key', outcome: 'lost' }]);
  });

  test.each([undefined, 'user-42', '{"session_id":""}', '{"session_id":5}', '{"session', 'a_session_b'])(
    'is not read into the user id %s of others',
    (user) => {
      expect(built('openai', asked(user)).body.prompt_cache_key).toBeUndefined();
    },
  );
});

describe('a client’s own key', () => {
  test.each([...FIELD_ROWS, ...HEADER_ROWS])('stays what it is for %s in %s', (kind, place) => {
    const { body, headers } = built(kind, CODEX, 'openai-responses');
    expect(headers?.[place] ?? body[place]).toBe('codex-session');
    expect(body.prompt_cache_key).toBe('codex-session');
  });

  test('longer than OpenAI takes becomes one that it does, the same in each turn', () => {
    const long = `${'a'.repeat(60)}:agent`;
    const ask = { messages: [{ role: 'user', content: 'Hi' }] };
    const inResponses = (prompt_cache_key: string) =>
      built('openai', { model: 'm', ...ask, prompt_cache_key }, 'openai-chat', 'openai-responses').body;
    const inChat = (prompt_cache_key: string) =>
      built('openai', { ...CODEX, prompt_cache_key }, 'openai-responses').body;
    for (const sent of [inResponses, inChat]) {
      const short = String(sent(long).prompt_cache_key);
      expect(short).toHaveLength(64);
      expect(sent(long).prompt_cache_key).toBe(short);
      expect(sent(`${long}s`).prompt_cache_key).not.toBe(short);
      expect(sent('a'.repeat(64)).prompt_cache_key).toBe('a'.repeat(64));
    }
  });

  test('with signs that no header takes becomes one that it does', () => {
    const { headers } = built('xai', { ...CODEX, prompt_cache_key: 'Schlüssel\n1' }, 'openai-responses');
    expect(headers?.['x-grok-conv-id']).toMatch(KEY);
  });

  test.each([...FIELD_ROWS, ...HEADER_ROWS])(
    'of Chat Completions is for %s where that client put it',
    (kind) => {
      const ask = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], prompt_cache_key: 'k' };
      const { body, headers } = built(kind, ask, 'openai-chat');
      expect(body.prompt_cache_key).toBe('k');
      expect(body.session_id).toBeUndefined();
      expect(headers).toBeUndefined();
    },
  );
});

test('the header goes out, unless the operator sets it; clean_cache keeps it back', async () => {
  const sent = async (more: JsonObject) => {
    const upstream = createReplayFetch(jsonReply(wholeChat('ok')));
    const lab = { kind: 'xai', base_url: 'http://upstream.test/v1', api_key: 'lab-key', ...more };
    const { post } = createTestGateway({ config: { providers: { lab } }, fetch: upstream.fetch });
    const response = await post('/v1/messages', asked(USER), {
      headers: { 'x-sluice-target': 'lab/grok-4.3' },
    });
    expect(response.status).toBe(200);
    return upstream.requests[0]?.headers.get('x-grok-conv-id');
  };
  expect(await sent({})).toMatch(KEY);
  expect(await sent({ headers: { 'X-Grok-Conv-Id': 'ours' } })).toBe('ours');
  expect(await sent({ transformers: ['clean_cache'] })).toBeNull();
});
