// Images that a model made go on to models that take none in a turn of the model: the user shows them.
import { describe, expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const IMAGE = 'aGk=';
const MADE = { inlineData: { mimeType: 'image/png', data: IMAGE } };

/** The same conversation, as clients say it. */
const ASKS: [DialectId, JsonObject][] = [
  [
    'gemini',
    {
      contents: [
        { role: 'user', parts: [{ text: 'A cat.' }] },
        { role: 'model', parts: [{ text: 'Here:' }, MADE] },
        { role: 'user', parts: [{ text: 'Bigger.' }] },
      ],
    },
  ],
  [
    'openai-responses',
    {
      model: 'm',
      input: [
        { role: 'user', content: 'A cat.' },
        { role: 'assistant', content: 'Here:' },
        {
          type: 'image_generation_call',
          id: 'ig_1',
          status: 'completed',
          output_format: 'png',
          result: IMAGE,
        },
        { role: 'user', content: 'Bigger.' },
      ],
    },
  ],
];

function built(wire: ProviderDialectId, client: DialectId, ask: JsonObject) {
  const request = DIALECTS[client].client.parseRequest(ask, { operation: 'generate', model: 'm' });
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, {
    model: 'anthropic.claude-opus-5',
    quirks: {},
  });
  return { messages: body.messages, losses };
}

const TOLD = {
  feature: 'assistant.image',
  outcome: 'approximated',
  how: "shown in the user's next turn",
} as const;

describe.each(ASKS)('of a client of %s', (client, ask) => {
  test.each(['anthropic-messages', 'bedrock-invoke'] as const)('to Claude by %s', (wire) => {
    const { messages, losses } = built(wire, client, ask);
    expect(messages).toEqual([
      { role: 'user', content: 'A cat.' },
      { role: 'assistant', content: 'Here:' },
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: IMAGE } },
          { type: 'text', text: 'Bigger.' },
        ],
      },
    ]);
    expect(losses).toEqual([TOLD]);
  });

  test('to a model of Bedrock', () => {
    const { messages, losses } = built('bedrock-converse', client, ask);
    expect(messages).toEqual([
      { role: 'user', content: [{ text: 'A cat.' }] },
      { role: 'assistant', content: [{ text: 'Here:' }] },
      {
        role: 'user',
        content: [{ image: { format: 'png', source: { bytes: IMAGE } } }, { text: 'Bigger.' }],
      },
    ]);
    expect(losses).toEqual([TOLD]);
  });
});

describe('a model that also called a tool', () => {
  const contents = [
    { role: 'user', parts: [{ text: 'A cat.' }] },
    { role: 'model', parts: [MADE, { functionCall: { id: 'c', name: 'save', args: {} } }] },
    {
      role: 'user',
      parts: [{ functionResponse: { id: 'c', name: 'save', response: { ok: true } } }, { text: 'So?' }],
    },
  ];

  test.each(['anthropic-messages', 'bedrock-converse'] as const)('%s has the result first', (wire) => {
    const { messages } = built(wire, 'gemini', { contents });
    const [, assistant, user] = messages as { content: JsonObject[] }[];
    const kinds = [assistant, user].map((turn) =>
      turn?.content.map((block) => block.type ?? Object.keys(block)[0]),
    );
    const own = wire === 'bedrock-converse' ? ['toolUse', 'toolResult'] : ['tool_use', 'tool_result'];
    expect(kinds).toEqual([[own[0]], [own[1], 'image', 'text']]);
  });

  test('and is not answered yet: the image is lost', () => {
    const { messages, losses } = built('anthropic-messages', 'gemini', { contents: contents.slice(0, 2) });
    expect(JSON.stringify(messages)).not.toContain(IMAGE);
    expect(losses).toContainEqual({ feature: 'assistant.image', outcome: 'lost' });
  });
});
