// JSON Schemas as generators write them, and as each provider takes them: what one refuses is said so that it means the same.
import { describe, expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { BuildOptions } from '../../src/dialects/dialect.ts';
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const OPENAI = { objectSchemas: true };

function built(
  client: DialectId,
  ask: JsonObject,
  wire: ProviderDialectId,
  { model = 'm', quirks = {} }: Partial<BuildOptions> = {},
) {
  const request = DIALECTS[client].client.parseRequest(ask, { operation: 'generate', model });
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks });
  return { body, lost: losses.map(({ feature, how }) => `${feature}: ${how}`) };
}

/** The schema that reaches a provider of a tool that a client offers with this one. */
function argumentsAt(wire: ProviderDialectId, schema: JsonObject, options?: Partial<BuildOptions>) {
  const tool = { name: 'f', input_schema: schema };
  const chat = { type: 'function', function: { name: 'f', parameters: schema } };
  const messages = [{ role: 'user', content: 'hi' }];
  const { body, lost } =
    wire === 'anthropic-messages'
      ? built('openai-chat', { model: 'm', messages, tools: [chat] }, wire, options)
      : built('anthropic-messages', { model: 'm', max_tokens: 99, messages, tools: [tool] }, wire, options);
  expect(lost).toEqual([]);
  return JSON.parse(JSON.stringify(body)) as JsonObject;
}

describe('an array of which nobody says what is in it', () => {
  const schema = {
    type: 'object',
    properties: {
      any: { type: 'array' },
      none: { type: ['array', 'null'] },
      named: { anyOf: [{ type: 'array', items: { type: 'array' } }, { type: 'string' }] },
    },
  };
  const whole = {
    type: 'object',
    properties: {
      any: { type: 'array', items: {} },
      none: { type: ['array', 'null'], items: {} },
      named: { anyOf: [{ type: 'array', items: { type: 'array', items: {} } }, { type: 'string' }] },
    },
  };

  test('for OpenAI, which refuses it, it becomes a schema without constraints', () => {
    const chat = argumentsAt('openai-chat', schema, { quirks: OPENAI });
    expect(chat.tools).toEqual([{ type: 'function', function: { name: 'f', parameters: whole } }]);
    const responses = argumentsAt('openai-responses', schema, { model: 'gpt-5' });
    expect(responses.tools).toEqual([{ type: 'function', name: 'f', parameters: whole, strict: false }]);
  });

  test('in structured answers too', () => {
    const ask = {
      contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
      generationConfig: { responseMimeType: 'application/json', responseJsonSchema: schema },
    };
    const chat = built('gemini', ask, 'openai-chat', { quirks: OPENAI }).body;
    expect(chat.response_format).toMatchObject({ json_schema: { schema: whole } });
    const responses = built('gemini', ask, 'openai-responses', { model: 'gpt-5' }).body;
    expect(responses.text).toMatchObject({ format: { schema: whole } });
  });
});

describe('schemas of drafts 4 and 7', () => {
  const schema = {
    type: 'object',
    properties: {
      span: { type: 'array', items: [{ type: 'integer' }, { type: 'integer' }], additionalItems: false },
      open: { type: 'array', items: [{ type: 'string' }] },
      over: { type: 'integer', minimum: 0, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false },
      // A field of that name is no keyword.
      items: { type: 'string' },
    },
  };
  const current = {
    type: 'object',
    properties: {
      span: { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'integer' }], items: false },
      open: { type: 'array', prefixItems: [{ type: 'string' }] },
      over: { type: 'integer', exclusiveMinimum: 0, maximum: 9 },
      items: { type: 'string' },
    },
  };

  test('are converted to the newest draft, which Claude, OpenAI and Google read', () => {
    expect(argumentsAt('anthropic-messages', schema, { model: 'claude-opus-4-8' }).tools).toEqual([
      { name: 'f', input_schema: current },
    ]);
    const claude = { model: 'anthropic.claude-opus-4-8' };
    expect(argumentsAt('bedrock-converse', schema, claude).toolConfig).toEqual({
      tools: [{ toolSpec: { name: 'f', inputSchema: { json: current } } }],
    });
    expect(argumentsAt('gemini', schema).tools).toEqual([
      { functionDeclarations: [{ name: 'f', parametersJsonSchema: current }] },
    ]);
    const { open, ...rest } = current.properties;
    const whole = { ...current, properties: { ...rest, open: { ...open, items: {} } } };
    expect(argumentsAt('openai-chat', schema).tools).toMatchObject([{ function: { parameters: whole } }]);
  });

  test('a tuple of nothing', () => {
    const empty = { type: 'object', properties: { none: { type: 'array', items: [] } } };
    expect(argumentsAt('anthropic-messages', empty).tools).toEqual([
      { name: 'f', input_schema: { type: 'object', properties: { none: { type: 'array' } } } },
    ]);
  });

  test('a structured answer of Claude has the tuple in its description', () => {
    const format = { type: 'json_schema', json_schema: { name: 'a', schema } };
    const ask = { model: 'm', messages: [{ role: 'user', content: 'hi' }], response_format: format };
    const { body } = built('openai-chat', ask, 'anthropic-messages', { model: 'claude-opus-4-8' });
    expect(body.output_config).toMatchObject({
      format: {
        schema: {
          properties: {
            open: {
              type: 'array',
              items: { anyOf: [{ type: 'string' }] },
              description: 'prefixItems: [{"type":"string"}]',
            },
            span: {
              type: 'array',
              items: { anyOf: [{ type: 'integer' }, { type: 'integer' }] },
              description: 'prefixItems: [{"type":"integer"},{"type":"integer"}]',
            },
            over: { type: 'integer', description: 'exclusiveMinimum: 0, maximum: 9' },
          },
        },
      },
    });
  });
});

describe('references', () => {
  const leaf = { type: 'object', properties: { next: { $ref: '#/$defs/Leaf', description: 'The next.' } } };
  const schema = {
    type: 'object',
    properties: { first: { $ref: '#/$defs/Leaf', default: null }, bare: { $ref: '#/$defs/Leaf' } },
    $defs: { Leaf: leaf },
  };

  test('Google takes nothing beside one', () => {
    const choice = { anyOf: [{ $ref: '#/$defs/Leaf' }] };
    const sent = {
      type: 'object',
      properties: { first: { ...choice, default: null }, bare: { $ref: '#/$defs/Leaf' } },
      $defs: { Leaf: { ...leaf, properties: { next: { ...choice, description: 'The next.' } } } },
    };
    expect(argumentsAt('gemini', schema).tools).toEqual([
      { functionDeclarations: [{ name: 'f', parametersJsonSchema: sent }] },
    ]);
    const format = { type: 'json_schema', json_schema: { name: 'a', schema } };
    const ask = { model: 'm', messages: [{ role: 'user', content: 'hi' }], response_format: format };
    expect(built('openai-chat', ask, 'gemini').body.generationConfig).toMatchObject({
      responseJsonSchema: sent,
    });
  });

  test('beside a choice both hold', () => {
    const both = { $ref: '#/$defs/Leaf', anyOf: [{ required: ['next'] }] };
    const all = { ...both, allOf: [{ minProperties: 1 }] };
    const sent = argumentsAt('gemini', { ...schema, properties: { both, all } });
    expect(sent.tools).toMatchObject([
      {
        functionDeclarations: [
          {
            parametersJsonSchema: {
              properties: {
                both: { allOf: [{ $ref: '#/$defs/Leaf' }], anyOf: [{ required: ['next'] }] },
                all: {
                  allOf: [{ minProperties: 1 }, { $ref: '#/$defs/Leaf' }],
                  anyOf: [{ required: ['next'] }],
                },
              },
            },
          },
        ],
      },
    ]);
  });

  test('a schema whose outermost is named stands where it is looked for', () => {
    const named = {
      $ref: '#/definitions/Ask',
      definitions: { Ask: { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] } },
    };
    const whole = { ...named.definitions.Ask, definitions: named.definitions };
    expect(argumentsAt('openai-chat', named).tools).toMatchObject([{ function: { parameters: whole } }]);
    expect(argumentsAt('anthropic-messages', named).tools).toEqual([{ name: 'f', input_schema: whole }]);
    expect(argumentsAt('gemini', named).tools).toEqual([
      { functionDeclarations: [{ name: 'f', parametersJsonSchema: whole }] },
    ]);
    expect(argumentsAt('ollama-chat', named).tools).toMatchObject([{ function: { parameters: whole } }]);
  });

  test('one that leads nowhere, or in a circle, stays', () => {
    for (const $ref of ['#/$defs/Nothing', '#', 'https://schemas.test/a.json', '#/$defs/Loop']) {
      const lost = { $ref, $defs: { Loop: { $ref: '#/$defs/Loop' } } };
      expect(argumentsAt('openai-chat', lost).tools).toMatchObject([{ function: { parameters: { $ref } } }]);
    }
  });
});

describe('an answer that is no object', () => {
  const schema = { type: 'array', items: { type: 'string' } };
  const ask = {
    systemInstruction: { parts: [{ text: 'Be brief.' }] },
    contents: [{ role: 'user', parts: [{ text: 'Three birds.' }] }],
    generationConfig: { responseMimeType: 'application/json', responseJsonSchema: schema },
  };
  const words =
    'Answer with one JSON value and nothing else: no prose around it and no code fence. It must match this JSON Schema:\n{"type":"array","items":{"type":"string"}}';
  const named = ['response_format: an instruction in the system prompt'];

  test('OpenAI, which takes objects alone, is asked for it in words', () => {
    const chat = built('gemini', ask, 'openai-chat', { quirks: OPENAI });
    expect(chat.body.response_format).toBeUndefined();
    expect(chat.body.messages).toMatchObject([{ role: 'system', content: `Be brief.\n\n${words}` }, {}]);
    expect(chat.lost).toEqual(named);
    const responses = built('gemini', ask, 'openai-responses', { model: 'gpt-5' });
    expect(responses.body.text).toBeUndefined();
    expect(responses.body.instructions).toBe(`Be brief.\n\n${words}`);
    expect(responses.lost).toEqual(named);
  });

  test('a choice that may be a list is not forced to be an object', () => {
    const responseJsonSchema = { anyOf: [schema, { type: 'string' }] };
    const either = { ...ask, generationConfig: { ...ask.generationConfig, responseJsonSchema } };
    const { body } = built('gemini', either, 'openai-responses', { model: 'gpt-5' });
    expect(body.instructions).toContain('Answer with one JSON value and');
  });

  test('other servers are not', () => {
    const { body, lost } = built('gemini', ask, 'openai-chat');
    expect(body.response_format).toMatchObject({ json_schema: { schema } });
    expect(lost).toEqual([]);
  });

  test('an object whose type nobody says is one', () => {
    const { type: _, ...typeless } = { type: 'object', properties: { a: { type: 'string' } } };
    const format = { output_config: { format: { type: 'json_schema', schema: typeless } } };
    const asked = { model: 'm', max_tokens: 99, messages: [{ role: 'user', content: 'hi' }], ...format };
    const { body } = built('anthropic-messages', asked, 'openai-chat', { quirks: OPENAI });
    expect(body.response_format).toMatchObject({ json_schema: { schema: { type: 'object', ...typeless } } });
  });
});

test('Ollama reads schemas that are true or false as objects', () => {
  const schema = {
    type: 'object',
    properties: {
      any: true,
      none: false,
      one: { anyOf: [true, { type: 'string' }] },
      rest: { type: 'object' },
    },
    additionalProperties: false,
  };
  expect(argumentsAt('ollama-chat', schema).tools).toEqual([
    {
      type: 'function',
      function: {
        name: 'f',
        parameters: {
          ...schema,
          properties: {
            any: {},
            none: { not: {} },
            one: { anyOf: [{}, { type: 'string' }] },
            rest: { type: 'object' },
          },
        },
      },
    },
  ]);
});

test('an argument named __proto__ stays beside one that is rewritten', () => {
  const properties = JSON.parse('{"__proto__":{"type":"string"},"list":{"type":"array"}}');
  const { tools } = argumentsAt('openai-responses', { type: 'object', properties }, { model: 'gpt-5' });
  const [tool] = tools as { parameters: { properties: JsonObject } }[];
  expect(Object.keys(tool?.parameters.properties ?? {})).toEqual(['__proto__', 'list']);
});

describe('strict tools', () => {
  const closed = {
    type: 'object',
    properties: {
      a: { type: 'string' },
      b: { type: ['object', 'null'], properties: {}, additionalProperties: false },
    },
    required: ['a', 'b'],
    additionalProperties: false,
  };

  test.each<[string, JsonObject, boolean]>([
    ['closed, with all fields required', closed, true],
    ['a field may be left out', { ...closed, required: ['a'] }, false],
    ['open', { ...closed, additionalProperties: true }, false],
    ['within, open', { ...closed, properties: { a: { items: { type: 'object' } }, b: {} } }, false],
    ['a described reference', { ...closed, properties: { a: { $ref: '#', title: 'T' }, b: {} } }, false],
    ['a bare reference', { ...closed, properties: { a: { $ref: '#' }, b: {} } }, true],
    ['of nothing', {}, false],
  ])('OpenAI refuses to keep arguments to some schemas that Anthropic takes: %s', (_, schema, isKept) => {
    const ask = {
      ...{ model: 'm', max_tokens: 99, messages: [{ role: 'user', content: 'hi' }] },
      tools: [{ name: 'f', input_schema: schema, strict: true }],
    };
    const chat = built('anthropic-messages', ask, 'openai-chat', { quirks: OPENAI });
    expect(chat.body.tools).toMatchObject([{ function: { strict: isKept } }]);
    const responses = built('anthropic-messages', ask, 'openai-responses', { model: 'gpt-5' });
    expect(responses.body.tools).toMatchObject([{ strict: isKept }]);
    const why = 'the provider enforces only closed schemas in which every field is required';
    const lost = isKept ? [] : [`tools.strict: ${why}`];
    expect([chat.lost, responses.lost]).toEqual([lost, lost]);
    // Of other servers it is not known.
    const other = built('anthropic-messages', ask, 'openai-chat');
    expect(other.body.tools).toMatchObject([{ function: { strict: true } }]);
  });

  // The tools of OpenAI's Agents SDK have them, for every parameter of a function that has one.
  test('with defaults they stay strict: OpenAI has no use for these, and Azure refuses them', () => {
    const withDefaults = {
      ...closed,
      properties: { ...closed.properties, a: { type: 'string', default: 'C' }, default: { type: 'number' } },
      required: ['a', 'b', 'default'],
    };
    const ask = {
      ...{ model: 'm', max_tokens: 99, messages: [{ role: 'user', content: 'hi' }] },
      tools: [{ name: 'f', input_schema: withDefaults, strict: true }],
    };
    const properties = { ...closed.properties, default: { type: 'number' } };
    const parameters = { ...withDefaults, properties };
    const responses = built('anthropic-messages', ask, 'openai-responses', { model: 'gpt-5' });
    expect(responses.body.tools).toEqual([{ type: 'function', name: 'f', parameters, strict: true }]);
    const chat = built('anthropic-messages', ask, 'openai-chat', { quirks: OPENAI });
    expect(chat.body.tools).toEqual([
      { type: 'function', function: { name: 'f', parameters, strict: true } },
    ]);
    const lost = [
      'tools.strict: defaults, as every field is required, unknown formats and patterns that look around are left out',
    ];
    expect([responses.lost, chat.lost]).toEqual([lost, lost]);
  });

  test('without arguments one stays strict: its made-up schema is closed', () => {
    const ask = {
      ...{ model: 'm', messages: [{ role: 'user', content: 'hi' }] },
      tools: [{ type: 'function', function: { name: 'f', strict: true } }],
    };
    const { body, lost } = built('openai-chat', ask, 'openai-responses', { model: 'gpt-5' });
    const parameters = { type: 'object', properties: {}, additionalProperties: false };
    expect(body.tools).toEqual([{ type: 'function', name: 'f', parameters, strict: true }]);
    expect(lost).toEqual([]);
    // Groq and Cerebras refuse an open one as OpenAI does.
    const bare = { ...ask, input: ask.messages, tools: [{ type: 'function', name: 'f', strict: true }] };
    const elsewhere = built('openai-responses', bare, 'openai-chat');
    expect(elsewhere.body.tools).toEqual([
      { type: 'function', function: { name: 'f', parameters, strict: true } },
    ]);
    const chat = built('openai-chat', ask, 'openai-chat', { quirks: OPENAI });
    expect(chat.body.tools).toEqual(ask.tools);
  });
});
