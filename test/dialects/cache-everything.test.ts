// A breakpoint of the prompt's cache behind all of the prompt: one word of the request at Anthropic and OpenRouter, a mark on
// the last block at Amazon.
import { describe, expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { Quirks } from '../../src/dialects/quirks.ts';
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const BREAKPOINT = { type: 'ephemeral', ttl: '1h' };

describe.each(['anthropic-messages', 'openai-chat'] as const)('asked for by a client of %s', (client) => {
  const built = (wire: ProviderDialectId, model = 'anthropic.claude-opus-5', quirks: Quirks = {}) => {
    const ask: JsonObject = {
      model: 'm',
      max_tokens: 9,
      cache_control: BREAKPOINT,
      messages: [{ role: 'user', content: 'Hi' }],
    };
    const request = DIALECTS[client].client.parseRequest(ask, { operation: 'generate' });
    const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks });
    return { body, lost: losses.map(({ feature }) => feature) };
  };

  test('Anthropic gets a breakpoint', () => {
    const { body, lost } = built('anthropic-messages');
    expect(body.cache_control).toEqual(BREAKPOINT);
    expect(lost).toEqual([]);
  });

  test('so does a Chat Completions server that supports breakpoints', () => {
    const { body, lost } = built('openai-chat', 'claude', { cacheControl: true });
    expect(body.cache_control).toEqual(BREAKPOINT);
    expect(lost).toEqual([]);
  });

  test('Claude at Amazon has it on the last block', () => {
    const { body, lost } = built('bedrock-invoke');
    expect(body.cache_control).toBeUndefined();
    const content = [{ type: 'text', text: 'Hi', cache_control: BREAKPOINT }];
    expect(body.messages).toEqual([{ role: 'user', content }]);
    expect(lost).toEqual([]);
  });

  test('Converse has a cache point behind the last turn', () => {
    const { body, lost } = built('bedrock-converse');
    const content = [{ text: 'Hi' }, { cachePoint: { type: 'default', ttl: '1h' } }];
    expect(body.messages).toEqual([{ role: 'user', content }]);
    expect(lost).toEqual([]);
  });

  test.each(['openai-chat', 'openai-responses', 'gemini', 'ollama-chat', 'bedrock-converse'] as const)(
    'a model at %s that knows none has none',
    (wire) => {
      const { body, lost } = built(wire, 'meta.llama4');
      expect(JSON.stringify(body)).not.toMatch(/cache_?(control|point)/i);
      expect(lost).toContain('cache_control');
    },
  );
});

test('a block at Amazon that is marked stays as it is', () => {
  const marked = {
    type: 'tool_result',
    tool_use_id: 't',
    content: 'so',
    cache_control: { type: 'ephemeral' },
  };
  const { client } = DIALECTS['anthropic-messages'];
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] },
    { role: 'user', content: [marked] },
  ];
  const ask = { model: 'm', max_tokens: 9, cache_control: BREAKPOINT, messages };
  const request = client.parseRequest(ask, { operation: 'generate' });
  const options = { model: 'anthropic.claude-opus-5', quirks: {} };
  expect(PROVIDER_SIDES['bedrock-invoke'].buildRequest(request, options).body.messages).toEqual(messages);
});
