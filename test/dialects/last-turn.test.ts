// User turns without content: left out where a provider refuses them, and refused where nothing is left to answer.
import { describe, expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

type Turn = readonly ['user' | 'assistant', string];

const CLIENTS: Record<DialectId, (turns: readonly Turn[]) => JsonObject> = {
  'anthropic-messages': (turns) => ({
    model: 'm',
    max_tokens: 9,
    messages: turns.map(([role, text]) => ({ role, content: said(text) })),
  }),
  'openai-chat': (turns) => ({
    model: 'm',
    messages: turns.map(([role, text]) => ({ role, content: said(text) })),
  }),
  'openai-responses': (turns) => ({
    model: 'm',
    input: turns.map(([role, text]) => ({ role, content: text === '' ? [] : text })),
  }),
  gemini: (turns) => ({
    contents: turns.map(([role, text]) => ({
      role: role === 'user' ? 'user' : 'model',
      parts: text === '' ? [] : [{ text }],
    })),
  }),
  'ollama-chat': (turns) => ({ model: 'm', messages: turns.map(([role, content]) => ({ role, content })) }),
};

function said(text: string): string | JsonObject[] {
  return text === '' ? [] : [{ type: 'text', text }];
}

const PROVIDERS: [ProviderDialectId, string][] = [
  ['anthropic-messages', 'claude-sonnet-4-5'],
  ['gemini', 'gemini-2.5-pro'],
  ['bedrock-converse', 'eu.anthropic.claude-sonnet-4-5'],
];

function build(
  client: DialectId,
  wire: ProviderDialectId,
  model: string,
  turns: readonly Turn[],
): JsonObject {
  const route = { operation: 'generate', model: 'm' } as const;
  const request = DIALECTS[client].client.parseRequest(CLIENTS[client](turns), route);
  return PROVIDER_SIDES[wire].buildRequest(request, { model, quirks: {} }).body;
}

for (const client of Object.keys(CLIENTS) as DialectId[]) {
  describe(client, () => {
    for (const [wire, model] of PROVIDERS) {
      if (wire === client) continue;

      test(`${wire}: an empty user turn between two of the model leaves one`, () => {
        const body = build(client, wire, model, [
          ['user', 'a'],
          ['assistant', 'b'],
          ['user', ''],
          ['assistant', 'c'],
          ['user', 'd'],
        ]);
        const roles = ((body.messages ?? body.contents) as { role: string }[]).map(({ role }) => role);
        expect(roles).toEqual(['user', wire === 'gemini' ? 'model' : 'assistant', 'user']);
      });

      test(`${wire}: at the end it is refused, since the model would go on with its own turn`, () => {
        const turns: Turn[] = [
          ['user', 'a'],
          ['assistant', 'b'],
          ['user', ''],
        ];
        expect(() => build(client, wire, model, turns)).toThrow(
          /^messages\[2\]\.content: it has no content; send/,
        );
      });
    }

    const all: [ProviderDialectId, string][] = [
      ...PROVIDERS,
      ['openai-chat', 'gpt-4.1'],
      ['openai-responses', 'gpt-4.1'],
    ];
    const others = all.filter(([wire]) => wire !== client);
    test.each(others)('%s: a conversation without any content is refused', (wire, model) => {
      expect(() => build(client, wire, model, [['user', '']])).toThrow(/^messages: it has no content; send/);
    });
  });
}

describe('a turn of the user of which nothing can be sent', () => {
  const STAND_IN = /\((something|a document of a kind) that cannot be read here\)/;
  const video = { inlineData: { mimeType: 'video/mp4', data: 'AAAA' } };
  const wires: [ProviderDialectId, string][] = [...PROVIDERS, ['ollama-chat', 'qwen3']];

  const others = wires.filter(([wire]) => wire !== 'gemini');
  test.each<[ProviderDialectId, string]>([
    ...others,
    ['openai-chat', 'gpt-4.1'],
    ['openai-responses', 'gpt-5'],
  ])('%s: the model is told so, and does not go on with its own turn', (wire, model) => {
    const contents = [
      { role: 'user', parts: [{ text: 'a' }] },
      { role: 'model', parts: [{ text: 'b' }] },
      { role: 'user', parts: [video] },
    ];
    expect(lastOf('gemini', { contents }, wire, model)).toMatch(STAND_IN);
  });

  test.each(wires)('%s: alone it makes a conversation, its loss is named', (wire, model) => {
    const file = { type: 'file', file: { file_id: 'file-1' } };
    const request = { model: 'm', messages: [{ role: 'user', content: [file] }] };
    expect(lastOf('openai-chat', request, wire, model)).toMatch(STAND_IN);
  });

  /** The last turn as the provider reads it. */
  function lastOf(client: DialectId, asked: JsonObject, wire: ProviderDialectId, model: string): string {
    const request = DIALECTS[client].client.parseRequest(asked, { operation: 'generate', model: 'm' });
    const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks: {} });
    expect(losses.map(({ outcome }) => outcome)).toEqual(['lost']);
    const turns = (body.messages ?? body.contents ?? body.input) as JsonObject[];
    return JSON.stringify(turns.at(-1));
  }
});
