// An unknown field, wherever it is in a request, arrives or is named as lost.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { unreadFields } from '../../src/dialects/shared/losses/unread-fields.ts';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import { isObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';
import { clientRequest, LAB_PROVIDER_OF } from '../support/client-requests.ts';
import { PROVIDER_WIRES } from '../support/provider-wires.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply } from '../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../support/test-gateway.ts';
import { DOCUMENTED } from './documented-requests.ts';

const NEW = 'fieldOfTomorrow';
const PNG = 'iVBORw0KGgo=';

/** Objects of users' own making: schemas, arguments, results, labels. */
const OF_USERS =
  /(^|\.)(schema|input_schema|parameters|parametersJsonSchema|responseSchema|responseJsonSchema|args|arguments|response|metadata|labels|logit_bias|input_examples|input)$/;

function places(value: JsonValue | undefined, path: string): JsonObject[] {
  if (Array.isArray(value)) return value.flatMap((item) => places(item, path));
  if (!isObject(value)) return [];
  const inner = Object.entries(value).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const isTheirs = OF_USERS.test(at) && !(at === 'input' && Array.isArray(field));
    return isTheirs ? [] : places(field, at);
  });
  return [value, ...inner];
}

test.each(DIALECT_IDS)('a client of %s: the parser keeps it, or it is named', (client) => {
  const { parseRequest, known } = DIALECTS[client].client;
  const route = { operation: 'generate', model: 'some-model', stream: false } as const;
  let tried = 0;
  for (const documented of DOCUMENTED[client]) {
    const whole = client === 'gemini' ? documented : { ...documented, model: 'some-model' };
    for (let nth = 0; nth < places(whole, '').length; nth++) {
      const body = structuredClone(whole);
      const object = places(body, '')[nth];
      if (object === undefined) continue;
      const before = structuredClone(object);
      object[NEW] = 'words';
      const kept = JSON.stringify(parseRequest(body, route)).includes(NEW);
      const named = unreadFields(body, known).some((name) => name.endsWith(NEW));
      expect({ of: before, isTold: kept || named }).toEqual({ of: before, isTold: true });
      tried++;
    }
  }
  expect(tried).toBeGreaterThan(20);
});

describe('through the gateway', () => {
  const AT: Record<DialectId, [body: JsonObject, feature: string]> = {
    'anthropic-messages': [
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG, [NEW]: 1 } },
              { type: 'text', text: 'hi' },
            ],
          },
        ],
      },
      `messages.content.source.${NEW}`,
    ],
    'openai-chat': [
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'hi', [NEW]: 1 }] }] },
      `messages.content.${NEW}`,
    ],
    'openai-responses': [{ input: [{ role: 'user', content: 'hi', [NEW]: { a: 1 } }] }, `input.${NEW}`],
    gemini: [{ contents: [{ role: 'user', parts: [{ text: 'hi' }], [NEW]: 1 }] }, `contents.${NEW}`],
    'ollama-chat': [{ messages: [{ role: 'user', content: 'hi', [NEW]: 1 }] }, `messages.${NEW}`],
  };

  for (const client of DIALECT_IDS) {
    for (const provider of DIALECT_IDS) {
      test(`${client} → ${provider}`, async () => {
        const upstream = createReplayFetch(jsonReply(PROVIDER_WIRES[provider].whole('hello')));
        const { post, row } = createTestGateway({
          config: { providers: LAB_PROVIDERS },
          fetch: upstream.fetch,
        });
        const [more, feature] = AT[client];
        const { path, body } = clientRequest(client, { stream: false, more });
        const target = { 'x-sluice-target': `${LAB_PROVIDER_OF[provider]}/m` };
        const response = await post(path, body, { headers: target });
        expect(response.status).toBe(200);
        const arrived = JSON.stringify(upstream.requests[0]?.json());
        const lost = client === provider ? [] : [feature];
        expect(arrived.includes(NEW)).toBe(client === provider);
        expect(
          (response.headers.get('x-sluice-lost') ?? '').split(', ').filter((name) => name !== ''),
        ).toEqual(lost);
        expect((await row(0)).lost).toEqual(lost);
      });
    }
  }
});

describe('what is named', () => {
  const { known } = DIALECTS['openai-chat'].client;
  const message = (more: JsonObject) => ({ messages: [{ role: 'user', content: 'hi', ...more }] });

  test('what says nothing is not', () => {
    expect(unreadFields(message({ a: null, b: false, c: '', d: [] }), known)).toEqual([]);
  });

  test('what SDKs built on LiteLLM add, and is read, is not', () => {
    const image_url = { url: 'https://example.com/a', format: 'image/png' };
    const call = { id: 'c', type: 'function', provider_specific_fields: { thought_signature: 's' } };
    const [said] = message({ content: [{ type: 'image_url', image_url }] }).messages;
    const messages = [said, { role: 'assistant', tool_calls: [call] }] as JsonObject[];
    expect(unreadFields({ messages }, known)).toEqual([]);
  });

  test('the number of a call that Open WebUI sends to Ollama is not', () => {
    const call = { index: 0, id: 'c', function: { name: 'f', arguments: {} } };
    const messages = [{ role: 'assistant', content: '', tool_calls: [call] }];
    expect(unreadFields({ messages }, DIALECTS['ollama-chat'].client.known)).toEqual([]);
  });

  test('what Codex notes on each item for itself is not', () => {
    const noted = { internal_chat_message_metadata_passthrough: { turn_id: 't', create_time: 1 } };
    const call = { type: 'function_call', call_id: 'c', name: 'a', arguments: '{}', ...noted };
    const input = [
      { type: 'message', role: 'user', content: 'hi', ...noted },
      { type: 'reasoning', summary: [], encrypted_content: 'e', ...noted },
      ...[call, { type: 'function_call_output', call_id: 'c', output: 'ok', ...noted }],
    ];
    expect(unreadFields({ input }, DIALECTS['openai-responses'].client.known)).toEqual([]);
  });

  test('what a free-text tool says besides its form, which is kept, is not', () => {
    const tools = [{ type: 'custom', name: 'a', description: 'A tool.', defer_loading: true }];
    const namespace = { type: 'namespace', name: 'n', description: 'A group.', tools };
    const input = [{ type: 'additional_tools', role: 'developer', tools }];
    const { known, parseRequest } = DIALECTS['openai-responses'].client;
    const body = { model: 'm', input, tools: [...tools, namespace] };
    expect(unreadFields(body, known)).toEqual([]);
    const route = { operation: 'generate', model: 'm', stream: false } as const;
    for (const tool of parseRequest(body, route).tools)
      expect(tool).toMatchObject({ type: 'custom', extension: { fields: { defer_loading: true } } });
  });

  test('the name of an image, not that of a document', () => {
    const parts = [
      { inlineData: { mimeType: 'image/png', data: PNG, displayName: 'a' } },
      { file_data: { mime_type: 'image/png', file_uri: 'https://example.com/a', display_name: 'a' } },
      { fileData: { mimeType: 'application/pdf', fileUri: 'https://example.com/b', displayName: 'b' } },
    ];
    expect(unreadFields({ contents: [{ role: 'user', parts }] }, DIALECTS.gemini.client.known)).toEqual([
      'contents.parts.inlineData.displayName',
      'contents.parts.fileData.displayName',
    ]);
  });

  test('each name once, however many have it', () => {
    const messages = Array.from({ length: 3 }, () => ({ role: 'user', content: 'hi', [NEW]: 1 }));
    expect(unreadFields({ messages }, known)).toEqual([`messages.${NEW}`]);
  });

  test('not without end', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, nth) => [`${nth}`.repeat(300), 1]));
    const names = unreadFields(message(many), known);
    expect(names.length).toBeLessThanOrEqual(50);
    expect(Math.max(...names.map((name) => name.length))).toBeLessThan(200);
  });

  test('names that every object has are fields like others', () => {
    expect(unreadFields(message({ constructor: 1, toString: 1 }), known)).toEqual([
      'messages.constructor',
      'messages.toString',
    ]);
  });

  test('Google’s other spelling is the same field', () => {
    const body = { system_instruction: { parts: [{ text: 'hi', field_of_tomorrow: 1 }] } };
    expect(unreadFields(body, DIALECTS.gemini.client.known)).toEqual([
      'systemInstruction.parts.fieldOfTomorrow',
    ]);
  });
});
