// Which schemas of strict tools and of answers OpenAI can enforce.
import { expect, test } from 'bun:test';
import { canBeKept, strictSchema } from '../../src/dialects/openai/schemas.ts';
import { LossReport } from '../../src/dialects/shared/losses/loss-report.ts';
import { asObject, type JsonObject } from '../../src/model/json/json.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';

const CLOSED = { type: 'object', properties: { a: {} }, required: ['a'], additionalProperties: false };
const holding = (a: JsonObject) => ({ ...CLOSED, properties: { a } });

test.each<[string, JsonObject, boolean]>([
  ['closed, with all fields required', CLOSED, true],
  ['open', { ...CLOSED, additionalProperties: true }, false],
  ['with an optional field', { ...CLOSED, required: [] }, false],
  ['without a type', { properties: {}, additionalProperties: false }, true],
  ['empty', {}, false],
  ['a reference to what is beside it', { $ref: '#/$defs/A', $defs: { A: CLOSED } }, true],
  ['that holds an open object', holding({ type: 'object' }), false],
  ['that holds an open object or null', holding({ type: ['object', 'null'] }), false],
  ['that holds an open object without a type', holding({ properties: {} }), false],
  ['that holds a text or null', holding({ type: ['string', 'null'] }), true],
  ['that holds a reference', holding({ $ref: '#/$defs/A' }), true],
  ['that holds a reference with a description', holding({ $ref: '#/$defs/A', description: 'A' }), false],
  ['that holds one of several', holding({ oneOf: [{ type: 'string' }] }), false],
  ['that holds any of several', holding({ anyOf: [{ type: 'string' }, CLOSED] }), true],
])('%s', (_, schema, isStrict) => {
  const losses = new LossReport('openai-chat');
  expect(strictSchema(schema, losses)).toEqual(isStrict ? schema : undefined);
  expect(losses.list().map(({ feature, outcome }) => [feature, outcome])).toEqual(
    isStrict ? [] : [['tools.strict', 'lost']],
  );
});

test('defaults are left out, and named', () => {
  const losses = new LossReport('openai-chat');
  const given = holding({ type: 'string', default: 'x', format: 'uuid' });
  expect(strictSchema(given, losses)).toEqual(holding({ type: 'string', format: 'uuid' }));
  expect(losses.list()).toMatchObject([{ feature: 'tools.strict', outcome: 'approximated' }]);
});

test.each([
  { format: 'uri' },
  // Of Pydantic's decimals.
  { pattern: '^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d*$' },
  { pattern: '(?<=a)b' },
])('what OpenAI refuses of a text is left out, and named: %j', (refused) => {
  const losses = new LossReport('openai-chat');
  expect(strictSchema(holding({ type: 'string', ...refused }), losses)).toEqual(holding({ type: 'string' }));
  expect(losses.list()).toMatchObject([{ feature: 'tools.strict', outcome: 'approximated' }]);
});

test('what it checks is kept', () => {
  const losses = new LossReport('openai-chat');
  const schema = holding({ type: 'string', format: 'date', pattern: '^(?:19|20)(?<year>\\d\\d)' });
  expect(strictSchema(schema, losses)).toEqual(schema);
  expect(losses.list()).toEqual([]);
});

const TEXT = { type: 'string' };
const wide = (fields: number): JsonObject => {
  const names = Array.from({ length: fields }, (_, at) => `a${at}`);
  return { ...CLOSED, properties: Object.fromEntries(names.map((name) => [name, TEXT])), required: names };
};
const deep = (levels: number): JsonObject => (levels === 1 ? holding(TEXT) : holding(deep(levels - 1)));

test.each<[string, JsonObject, boolean]>([
  ['closed, with all fields required', holding(TEXT), true],
  ['that may be null', holding({ type: ['string', 'null'] }), true],
  // Azure refuses these, and so does OpenAI for fine-tuned models; a pattern that looks around (Pydantic's decimals) all do.
  ['with a format', holding({ type: 'string', format: 'date' }), false],
  ['with a pattern', holding({ type: 'string', pattern: '^(?!a)' }), false],
  ['with a least number', holding({ type: 'number', minimum: 1 }), false],
  ['with a least length', holding({ type: 'array', items: TEXT, minItems: 1 }), false],
  [
    'with references',
    { ...holding({ $ref: '#/$defs/A' }), $defs: { A: { type: 'string', enum: ['b'] } } },
    true,
  ],
  ['any of several within', holding({ anyOf: [TEXT, { type: 'null' }] }), true],
  ['any of several at the top', { ...holding(TEXT), anyOf: [TEXT] }, false],
  ['of a list', { type: 'array', items: TEXT }, false],
  ['open', { type: 'object', properties: { a: TEXT }, required: ['a'] }, false],
  ['with an optional field', { ...holding(TEXT), required: [] }, false],
  ['with a field of any type', CLOSED, false],
  ['with a field that may be anything', { ...CLOSED, properties: { a: true } }, false],
  ['with what OpenAI does not check', holding({ type: 'string', minLength: 1 }), false],
  ['with a default', holding({ type: 'string', default: 'b' }), false],
  ['of five levels', deep(5), true],
  ['of six levels', deep(6), false],
  ['with a hundred fields', wide(100), true],
  ['with more fields', wide(101), false],
  ['with 500 values', holding({ type: 'string', enum: Array.from({ length: 500 }, String) }), true],
  ['with more values', holding({ type: 'string', enum: Array.from({ length: 501 }, String) }), false],
  ['that is a reference', { ...holding({ $ref: '#' }), $ref: '#/$defs/A', $defs: { A: TEXT } }, false],
])('an answer: %s', (_, schema, isKept) => {
  expect(canBeKept(schema)).toBe(isKept);
});

test('is kept to where the client’s own vendor keeps to it, and is not said to other servers', () => {
  const schema = holding(TEXT);
  const clients: [DialectId, JsonObject][] = [
    ['anthropic-messages', { max_tokens: 9, output_config: { format: { type: 'json_schema', schema } } }],
    ['gemini', { generationConfig: { responseMimeType: 'application/json', responseJsonSchema: schema } }],
    ['ollama-chat', { format: schema }],
    ['openai-chat', { response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } }],
  ];
  for (const [client, body] of clients) {
    const request = DIALECTS[client].client.parseRequest(
      {
        ...body,
        model: 'gpt-5',
        contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
        messages: [{ role: 'user', content: 'hi' }],
      },
      { operation: 'generate', model: 'gpt-5', stream: false },
    );
    const strict = client === 'openai-chat' ? undefined : true;
    const built = (dialect: 'openai-chat' | 'openai-responses', quirks = {}) =>
      DIALECTS[dialect].provider.buildRequest(request, { model: 'gpt-5', quirks }).body;
    const ofChat = (sent: JsonObject) => asObject(asObject(sent.response_format)?.json_schema)?.strict;
    expect(asObject(asObject(built('openai-responses').text)?.format)?.strict).toEqual(strict);
    expect(ofChat(built('openai-chat', { objectSchemas: true }))).toEqual(strict);
    expect(ofChat(built('openai-chat'))).toBeUndefined();
    const { text } = DIALECTS['openai-responses'].provider.buildRequest(request, {
      model: 'qwen3-8b',
      quirks: {},
    }).body;
    expect(asObject(asObject(text)?.format)?.strict).toBeUndefined();
  }
});
