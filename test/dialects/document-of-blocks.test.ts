// An Anthropic client's document of texts and images, in a question and in a result: other models get them in order.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const IMAGE = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } };
const MIXED = {
  type: 'document',
  source: {
    type: 'content',
    content: [
      { type: 'text', text: 'High water' },
      { type: 'text', text: 'at noon:' },
      IMAGE,
      { type: 'text', text: 'Low water at six.' },
    ],
  },
  title: 'Tides',
  context: 'Of this year.',
  citations: { enabled: true },
  cache_control: { type: 'ephemeral' },
};
const ONE_IMAGE = { type: 'document', source: { type: 'content', content: [IMAGE] } };
const ASK: JsonObject = {
  model: 'm',
  max_tokens: 9,
  messages: [
    { role: 'user', content: [MIXED, ONE_IMAGE, { type: 'text', text: 'When?' }] },
    { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'find', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: [MIXED, ONE_IMAGE] }] },
  ],
  tools: [{ name: 'find', input_schema: { type: 'object' } }],
};

const parse = () =>
  DIALECTS['anthropic-messages'].client.parseRequest(ASK, {
    operation: 'generate',
    model: 'm',
    stream: false,
  });

test.each(PROVIDER_DIALECT_IDS.map((wire) => [wire]))('at %s', (wire) => {
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(parse(), { model: 'm', quirks: {} });
  if (wire === 'anthropic-messages' || wire === 'bedrock-invoke') {
    expect(body.messages).toEqual(ASK.messages as never);
    return;
  }
  const sentText = JSON.stringify(body);
  // In Bedrock's Converse the bytes of a document.
  for (const text of ['High water\nat noon:', 'Low water at six.']) {
    const forms = [JSON.stringify(text).slice(1, -1), btoa(text)];
    expect(forms.some((form) => sentText.split(form).length === 3)).toBe(true);
  }
  expect(sentText.split(PNG)).toHaveLength(5);
  const names = losses.map(({ feature }) => feature);
  expect(names).toContain('citations');
  expect(names).toContain('context');
  expect(names).not.toContain('document_piece');
});

test('in their order', () => {
  const { body } = PROVIDER_SIDES.gemini.buildRequest(parse(), { model: 'm', quirks: {} });
  const sentText = JSON.stringify(body);
  const places = ['at noon:', PNG, 'Low water at six.'].map((piece) => sentText.indexOf(piece));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places).not.toContain(-1);
});

test('at Converse they are one document, for the numbers by which an answer cites documents', () => {
  const { body } = PROVIDER_SIDES['bedrock-converse'].buildRequest(parse(), { model: 'm', quirks: {} });
  const [first] = body.messages as [{ content: JsonObject[] }];
  expect(first.content.map((block) => Object.keys(block)[0])).toEqual([
    ...['document', 'image', 'text', 'image', 'text'],
  ]);
  expect(first.content[2]).toEqual({ text: 'Low water at six.' });
});

test('a text that a step changed is changed in the document', () => {
  const request = parse();
  for (const part of request.messages.flatMap(({ parts }) => parts))
    if (part.type === 'document' && part.source.kind === 'text')
      part.source.text = part.source.text.replace('six', 'five');
  const { body } = PROVIDER_SIDES['anthropic-messages'].buildRequest(request, { model: 'm', quirks: {} });
  const [first] = JSON.parse(JSON.stringify(body.messages)) as [{ content: JsonObject[] }];
  const changed = { type: 'text', text: 'Low water at five.' };
  const content = [...MIXED.source.content.slice(0, 3), changed];
  expect(first.content[0]).toEqual({ ...MIXED, source: { type: 'content', content } });
});
