// A tool of free text at providers that know none: a function with one text argument that tells the grammar.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import { asArray, asObject, type JsonObject } from '../../src/model/json/json.ts';
import type { NeutralRequest } from '../../src/model/request.ts';

const GRAMMAR = { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "*** Begin Patch"' } };

type Declared = (body: JsonObject) => unknown;
const firstFunction: Declared = ({ tools }) =>
  asObject(asObject(asObject(asArray(tools)?.[0])?.function)?.parameters);

/** Where each dialect has the schema of the one tool; null where it takes free text. */
const SCHEMA: Record<ProviderDialectId, Declared | null> = {
  'anthropic-messages': ({ tools }) => asObject(asArray(tools)?.[0])?.input_schema,
  'bedrock-invoke': ({ tools }) => asObject(asArray(tools)?.[0])?.input_schema,
  'openai-chat': firstFunction,
  'openai-responses': null,
  gemini: ({ tools }) =>
    asObject(asArray(asObject(asArray(tools)?.[0])?.functionDeclarations)?.[0])?.parametersJsonSchema,
  'code-assist': (body) => SCHEMA.gemini?.(asObject(body.request) ?? {}),
  'ollama-chat': firstFunction,
  'bedrock-converse': ({ toolConfig }) => {
    const spec = asObject(asObject(asArray(asObject(toolConfig)?.tools)?.[0])?.toolSpec);
    return asObject(spec?.inputSchema)?.json;
  },
};

const WIRES = (Object.keys(SCHEMA) as ProviderDialectId[]).filter((wire) => SCHEMA[wire] !== null);

describe.each(WIRES.map((wire) => [wire]))('at %s', (wire) => {
  function built(format: JsonObject | undefined) {
    const request: NeutralRequest = {
      model: 'm',
      stream: false,
      system: [],
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
      tools: [{ type: 'custom', name: 'apply_patch', ...(format !== undefined && { format }) }],
    };
    const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
    return {
      schema: SCHEMA[wire]?.(body),
      names: losses.map(({ feature, outcome }) => `${outcome} ${feature}`),
    };
  }

  test('the grammar is in the description', () => {
    const { schema, names } = built(GRAMMAR);
    const description = 'The free text that the tool takes. Its lark grammar:\nstart: "*** Begin Patch"';
    expect(schema).toEqual({
      type: 'object',
      properties: { input: { type: 'string', description } },
      required: ['input'],
      additionalProperties: false,
    });
    expect(names).toEqual(['approximated tools.custom', 'approximated tools.custom.format']);
  });

  test.each([[undefined], [{ type: 'text' }]])('%j is no grammar', (format) => {
    const { schema, names } = built(format);
    expect(schema).toMatchObject({
      properties: { input: { description: 'The free text that the tool takes.' } },
    });
    expect(names).toEqual(['approximated tools.custom']);
  });

  test('a form of a grammar that is unknown is lost', () => {
    expect(built({ type: 'grammar' }).names).toContain('lost tools.custom.format');
  });
});

test('Nova gets the function without what it refuses beside the arguments', () => {
  const request: NeutralRequest = {
    model: 'm',
    stream: false,
    system: [],
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
    tools: [{ type: 'custom', name: 'apply_patch' }],
  };
  const options = { model: 'amazon.nova-pro-v1:0', quirks: {} };
  const { body } = PROVIDER_SIDES['bedrock-converse'].buildRequest(request, options);
  const schema = SCHEMA['bedrock-converse']?.(body);
  expect(Object.keys(asObject(schema as JsonObject) ?? {})).toEqual(['type', 'properties', 'required']);
});
