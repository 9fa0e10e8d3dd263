// A document with an empty name, as clients send one that they have no name for: OpenAI and Anthropic refuse it.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { type DialectId, PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const PDF = 'JVBERi0xLjQ=';
const DATA_URL = `data:application/pdf;base64,${PDF}`;
const base64 = { type: 'base64', media_type: 'application/pdf', data: PDF };

const said = (content: JsonObject): JsonObject => ({ role: 'user', content: [content] });
const ASKS: [DialectId, JsonObject][] = [
  ['openai-chat', { messages: [said({ type: 'file', file: { filename: '', file_data: DATA_URL } })] }],
  ['openai-responses', { input: [said({ type: 'input_file', filename: '', file_data: DATA_URL })] }],
  [
    'anthropic-messages',
    { max_tokens: 9, messages: [said({ type: 'document', title: '', source: base64 })] },
  ],
  [
    'gemini',
    {
      contents: [
        {
          role: 'user',
          parts: [{ inlineData: { mimeType: 'application/pdf', displayName: '', data: PDF } }],
        },
      ],
    },
  ],
];

test.each(ASKS)('of a client of %s has none, or a usual one', (client, ask) => {
  const context = { operation: 'generate', model: 'm', stream: false } as const;
  const request = DIALECTS[client].client.parseRequest({ model: 'm', ...ask }, context);
  for (const wire of PROVIDER_DIALECT_IDS) {
    const { body } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
    expect(JSON.stringify(body)).not.toMatch(/"(filename|title|displayName|name)":""/);
  }
});
