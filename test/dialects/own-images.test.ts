// Images that a model made go on to models that take none in a turn of the model: the user shows them.
import { describe, expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import { asArray, type JsonObject } from '../../src/model/json/json.ts';

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
    'openai-chat',
    {
      model: 'm',
      messages: [
        { role: 'user', content: 'A cat.' },
        {
          role: 'assistant',
          content: 'Here:',
          images: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${IMAGE}` } }],
        },
        { role: 'user', content: 'Bigger.' },
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

describe.each(ASKS.filter(([client]) => client !== 'openai-chat'))(
  'of a client of %s, OpenAI',
  (client, ask) => {
    const URL = `data:image/png;base64,${IMAGE}`;
    const asked = (wire: 'openai-chat' | 'openai-responses', model: string) => {
      const request = DIALECTS[client].client.parseRequest(ask, { operation: 'generate', model: 'm' });
      const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks: {} });
      return { turns: asArray(body.messages) ?? asArray(body.input) ?? [], losses };
    };

    test('is shown them in Chat Completions', () => {
      const { turns, losses } = asked('openai-chat', 'gpt-5');
      expect(turns.slice(1)).toEqual([
        { role: 'assistant', content: 'Here:' },
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: URL } },
            { type: 'text', text: 'Bigger.' },
          ],
        },
      ]);
      expect(losses).toEqual([TOLD]);
    });

    test('is shown them in Responses', () => {
      const { turns, losses } = asked('openai-responses', 'gpt-5');
      if (client === 'openai-responses') {
        expect(turns).toContainEqual(
          expect.objectContaining({ type: 'image_generation_call', result: IMAGE }),
        );
        return;
      }
      expect(turns.at(-1)).toMatchObject({
        role: 'user',
        content: [
          { type: 'input_image', image_url: URL },
          { type: 'input_text', text: 'Bigger.' },
        ],
      });
      expect(losses).toEqual([TOLD]);
    });

    test.each(['o3-mini', 'llama-3'])('and loses them where %s may not see them', (model) => {
      const { turns, losses } = asked('openai-chat', model);
      expect(JSON.stringify(turns)).not.toContain(IMAGE);
      expect(losses).toEqual([{ feature: 'assistant.image', outcome: 'lost' }]);
    });
  },
);

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

describe('to Gemini, which takes them back', () => {
  const SEALED = { ...MADE, thoughtSignature: 'aW1hZ2U=' };
  const MODEL = 'gemini-3-pro-image';

  test.each([
    ['a signed text', [{ text: 'Here:', thoughtSignature: 'dGV4dA==' }, SEALED]],
    ['two images', [SEALED, { ...SEALED, thoughtSignature: 'b3RoZXI=' }]],
  ])('a client of Chat Completions brings each with its signature: %s', (_, parts) => {
    const { client } = DIALECTS['openai-chat'];
    const { provider } = DIALECTS.gemini;
    const candidate = { content: { role: 'model', parts }, finishReason: 'STOP' };
    const answer = provider.parseResponse({ candidates: [candidate] });
    const completion = client.buildResponse(answer, {
      requestId: 'r',
      model: MODEL,
      created: 1,
      includeUsage: false,
    });
    const [choice] = completion.choices as { message: JsonObject }[];
    const messages = [
      { role: 'user', content: 'A cat.' },
      choice?.message ?? {},
      { role: 'user', content: 'Bigger.' },
    ];
    const request = client.parseRequest({ model: MODEL, messages }, { operation: 'generate' });
    const { body, losses } = provider.buildRequest(request, { model: MODEL, quirks: {} });
    expect(body.contents).toContainEqual({ role: 'model', parts });
    expect(losses).toEqual([]);
  });

  test.each(ASKS)('what it did not sign passes unchecked where the model makes images: %s', (client, ask) => {
    const request = DIALECTS[client].client.parseRequest(ask, { operation: 'generate', model: 'm' });
    const modelTurn = (model: string) => {
      const { body } = PROVIDER_SIDES.gemini.buildRequest(request, { model, quirks: {} });
      return (body.contents as JsonObject[])[1]?.parts;
    };
    const thoughtSignature = 'skip_thought_signature_validator';
    expect(modelTurn(MODEL)).toEqual([
      { text: 'Here:', thoughtSignature },
      { ...MADE, thoughtSignature },
    ]);
    expect(modelTurn('gemini-2.5-flash-image')).toEqual([{ text: 'Here:' }, MADE]);
  });

  test('a text behind its image needs no signature', () => {
    const contents = [
      { role: 'user', parts: [{ text: 'A cat.' }] },
      { role: 'model', parts: [SEALED, { text: 'There.' }] },
      { role: 'user', parts: [{ text: 'Bigger.' }] },
    ];
    const request = DIALECTS.gemini.client.parseRequest({ contents }, { operation: 'generate', model: 'm' });
    const { body, losses } = DIALECTS.gemini.provider.buildRequest(request, { model: MODEL, quirks: {} });
    expect(body.contents).toEqual(contents);
    expect(losses).toEqual([]);
  });
});

test('a server of Chat Completions gets them back as its client sent them', () => {
  const [, ask] = ASKS.find(([client]) => client === 'openai-chat') ?? [];
  const request = DIALECTS['openai-chat'].client.parseRequest(ask ?? {}, { operation: 'generate' });
  const { body, losses } = PROVIDER_SIDES['openai-chat'].buildRequest(request, { model: 'm', quirks: {} });
  expect(body.messages).toEqual(ask?.messages);
  expect(losses).toEqual([]);
});
