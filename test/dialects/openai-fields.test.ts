// Fields that OpenAI's two dialects spell alike go from one to the other; where nobody knows them they are named.
import { expect, test } from 'bun:test';
import { encodeStreamed, encodeWhole } from '../../scripts/fidelity/probe-answer.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import { asObject, type JsonObject } from '../../src/model/json/json.ts';

const SETTINGS = {
  prompt_cache_retention: '24h',
  prompt_cache_options: { mode: 'explicit', ttl: '30m' },
};
const CLIENTS = {
  'openai-chat': { model: 'm', messages: [{ role: 'user', content: 'hi' }], ...SETTINGS },
  'openai-responses': { model: 'm', input: 'hi', ...SETTINGS },
};

for (const client of ['openai-chat', 'openai-responses'] as const) {
  test.each(PROVIDER_DIALECT_IDS)(`how ${client} wants its prompt cached, at %s`, (wire) => {
    const route = { operation: 'generate', model: 'm', stream: false } as const;
    const request = DIALECTS[client].client.parseRequest(CLIENTS[client], route);
    const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
    const names = losses.map(({ feature }) => feature).filter((name) => name.startsWith('prompt_cache'));
    if (wire in CLIENTS) {
      expect(body).toMatchObject(SETTINGS);
      expect(names).toEqual([]);
    } else {
      expect(JSON.stringify(body)).not.toContain('prompt_cache');
      expect(names).toEqual(Object.keys(SETTINGS));
    }
  });
}

test('the fastest tier of Responses, which Chat Completions does not have', () => {
  const asked = { ...CLIENTS['openai-chat'], service_tier: 'ultrafast' };
  const route = { operation: 'generate', model: 'm', stream: false } as const;
  const request = DIALECTS['openai-chat'].client.parseRequest(asked, route);
  const built = (wire: 'openai-chat' | 'openai-responses') =>
    PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
  expect(built('openai-responses').body.service_tier).toBe('ultrafast');
  expect(built('openai-chat').body).not.toHaveProperty('service_tier');
  expect(built('openai-chat').losses.map(({ feature }) => feature)).toEqual(['service_tier']);
});

const MODERATION = { model: 'omni-moderation-latest', policy: { input: { mode: 'block' } } };

for (const client of ['openai-chat', 'openai-responses'] as const) {
  test.each(PROVIDER_DIALECT_IDS)(`what ${client} wants refused, at %s`, (wire) => {
    const route = { operation: 'generate', model: 'm', stream: false } as const;
    const asked = { ...CLIENTS[client], moderation: MODERATION };
    const request = DIALECTS[client].client.parseRequest(asked, route);
    const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
    const isTaken = wire === 'openai-responses' || wire === client;
    expect(body.moderation).toEqual(isTaken ? MODERATION : undefined);
    expect(losses.some(({ feature }) => feature === 'moderation')).toBe(!isTaken);
  });
}

const MARK = { prompt_cache_breakpoint: { mode: 'explicit', ttl: '12h' } };
const marked = (type: string) => ({ type, text: 'Be brief.', ...MARK });
const MARKED = {
  'openai-chat': {
    model: 'm',
    messages: [
      { role: 'system', content: [marked('text')] },
      { role: 'user', content: [marked('text')] },
    ],
  },
  'openai-responses': {
    model: 'm',
    input: [
      { type: 'message', role: 'developer', content: [marked('input_text')] },
      { type: 'message', role: 'user', content: [marked('input_text')] },
    ],
  },
};

for (const client of ['openai-chat', 'openai-responses'] as const) {
  test.each(PROVIDER_DIALECT_IDS)(`what ${client} marks to be cached, at %s`, (wire) => {
    const route = { operation: 'generate', model: 'm', stream: false } as const;
    const request = DIALECTS[client].client.parseRequest(MARKED[client], route);
    const model = wire.startsWith('openai') ? 'gpt-5.6' : 'anthropic.claude-opus-4-6-v1';
    const quirks = { cacheControl: true, customTools: true };
    const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks });
    const sent = JSON.stringify(body);
    const names = losses.map(({ feature, outcome }) => `${feature} ${outcome}`);
    switch (wire) {
      case 'openai-chat':
      case 'openai-responses':
        expect(sent.split(JSON.stringify(MARK).slice(1, -1))).toHaveLength(3);
        expect(names).toEqual(wire === 'openai-chat' ? ['cache_control approximated'] : []);
        return;
      case 'anthropic-messages':
      case 'bedrock-invoke':
        expect(sent.split('"cache_control":{"type":"ephemeral","ttl":"1h"}')).toHaveLength(3);
        expect(names).toEqual(['cache_control approximated']);
        return;
      case 'bedrock-converse':
        expect(sent.split('"cachePoint":{"type":"default","ttl":"1h"}')).toHaveLength(3);
        expect(names).toEqual(['cache_control approximated']);
        return;
      default:
        expect(names).toContain('cache_control lost');
    }
  });
}

test('servers that only speak as OpenAI do get no breakpoint in words that their client did not use', () => {
  const route = { operation: 'generate', model: 'm', stream: false } as const;
  for (const [client, wire] of [
    ['openai-chat', 'openai-responses'],
    ['openai-responses', 'openai-chat'],
  ] as const) {
    const request = DIALECTS[client].client.parseRequest(MARKED[client], route);
    const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'qwen3', quirks: {} });
    expect(JSON.stringify(body)).not.toContain('prompt_cache_breakpoint');
    expect(losses.map(({ feature }) => feature)).toContain('cache_control');
  }
});

test('a breakpoint that a step took out does not come back', () => {
  const route = { operation: 'generate', model: 'm', stream: false } as const;
  for (const client of ['openai-chat', 'openai-responses'] as const) {
    const request = DIALECTS[client].client.parseRequest(MARKED[client], route);
    for (const part of [...request.system, ...request.messages.flatMap(({ parts }) => parts)])
      if (part.type === 'text') delete part.cacheControl;
    for (const wire of ['openai-chat', 'openai-responses'] as const) {
      const options = { model: 'gpt-5.6', quirks: { customTools: true } };
      const { body } = PROVIDER_SIDES[wire].buildRequest(request, options);
      expect(JSON.stringify(body)).not.toContain('prompt_cache_breakpoint');
    }
  }
});

test.each([
  ['openai-chat', 'service_tier', 'priority'],
  ['openai-responses', 'service_tier', 'priority'],
  ['gemini', 'serviceTier', 'priority'],
  ['bedrock-converse', 'serviceTier', { type: 'priority' }],
] as const)('who wants to be served fast is, at %s', (wire, field, tier) => {
  for (const client of ['openai-chat', 'openai-responses'] as const) {
    const ask = { ...CLIENTS[client], service_tier: 'fast' };
    const request = DIALECTS[client].client.parseRequest(ask, { operation: 'generate' });
    const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
    expect(body[field]).toEqual(tier);
    expect(losses.map(({ feature }) => feature)).not.toContain('service_tier');
  }
});

const FLAGGED = { type: 'moderation_result', model: 'omni-moderation-latest', flagged: true };
const PASSED = { ...FLAGGED, flagged: false };
const FAILED = { type: 'error', code: 'failed', message: 'no result' };
const listed = (...results: object[]) => ({ type: 'moderation_results', model: FLAGGED.model, results });

test.each([
  ['openai-chat', listed(FLAGGED), 'openai-responses', FLAGGED, [], []],
  ['openai-responses', FLAGGED, 'openai-chat', listed(FLAGGED), [], []],
  ['openai-chat', listed(PASSED, FLAGGED), 'openai-responses', FLAGGED, [], ['moderation']],
  ['openai-chat', listed(), 'openai-responses', undefined, ['moderation'], []],
  ['openai-responses', FLAGGED, 'openai-responses', FLAGGED, [], []],
  ['openai-chat', listed(PASSED, FLAGGED), 'openai-chat', listed(PASSED, FLAGGED), [], []],
  ['openai-responses', FLAGGED, 'anthropic-messages', undefined, ['moderation'], []],
] as const)(
  'what moderation found, of %s: %j, for clients of %s',
  (wire, input, client, read, lost, substitutes) => {
    const answer: JsonObject =
      wire === 'openai-chat'
        ? { choices: [{ index: 0, message: { content: 'Hi' }, finish_reason: 'stop' }] }
        : {
            status: 'completed',
            output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }],
          };
    const found = asObject(JSON.parse(JSON.stringify({ input, output: FAILED })));
    const response = PROVIDER_SIDES[wire].parseResponse({ ...answer, moderation: found });
    for (const encode of [encodeWhole, encodeStreamed]) {
      const encoded = encode(client, response);
      expect(encoded.body.moderation as unknown).toEqual(read && { input: read, output: FAILED });
      expect(encoded.lost).toEqual([...lost]);
      expect(encoded.substitutes.length).toBe(substitutes.length);
    }
  },
);
