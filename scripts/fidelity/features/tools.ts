// Tools of the client: how they are declared, which must be called, calls and their results.
import { asArray, asObject, type JsonObject } from '../../../src/model/json/json.ts';
import type { FeatureGroup } from '../feature.ts';
import { merge } from '../feature.ts';
import { offers } from '../shared-forms.ts';

const SCHEMA: JsonObject = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
};
/** What Gemini's own subset and strict modes cannot express. */
const RICH_SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    place: { $ref: '#/$defs/place' },
    unit: { const: 'C' },
    day: { type: ['string', 'null'], minLength: 2 },
  },
  required: ['place'],
  additionalProperties: false,
  $defs: { place: { type: 'object', properties: { name: { type: 'string' } } } },
};

const CHOICE: JsonObject = {
  type: 'object',
  anyOf: [
    { properties: { city: { type: 'string' } }, required: ['city'] },
    { properties: { zip: { type: 'string' } }, required: ['zip'] },
  ],
};

const declared = (schema: JsonObject, more: JsonObject = {}, name = 'weather') =>
  offers({
    'anthropic-messages': { name, description: 'Tells it.', input_schema: schema, ...more },
    'openai-chat': {
      type: 'function',
      function: { name, description: 'Tells it.', parameters: schema, ...more },
    },
    'openai-responses': {
      type: 'function',
      name,
      description: 'Tells it.',
      parameters: schema,
      ...more,
    },
    gemini: {
      functionDeclarations: [{ name, description: 'Tells it.', parametersJsonSchema: schema }],
    },
    'bedrock-converse': {
      toolSpec: { name, description: 'Tells it.', inputSchema: { json: schema }, ...more },
    },
    'ollama-chat': {
      type: 'function',
      function: { name, description: 'Tells it.', parameters: schema },
    },
  });

const TOOLS_OFFERED = declared(SCHEMA);
const STRICT = declared({ ...SCHEMA, additionalProperties: false }, { strict: true });

/** An item of the conversation, in place of `tools`. */
const BROUGHT_ALONG: JsonObject = {
  input: [
    { type: 'additional_tools', role: 'developer', tools: TOOLS_OFFERED['openai-responses']?.tools ?? [] },
    { role: 'user', content: 'hi' },
  ],
};

/** A client's own search for tools, which found those that others declare. */
const SEARCHED: JsonObject = {
  tools: [
    {
      type: 'tool_search',
      execution: 'client',
      description: 'Finds tools.',
      parameters: { type: 'object', properties: {} },
    },
  ],
  input: [
    { role: 'user', content: 'hi' },
    {
      type: 'tool_search_call',
      execution: 'client',
      call_id: 'call_1',
      status: 'completed',
      arguments: {},
    },
    {
      type: 'tool_search_output',
      execution: 'client',
      call_id: 'call_1',
      status: 'completed',
      tools: TOOLS_OFFERED['openai-responses']?.tools ?? [],
    },
  ],
};

const chooses = (choices: typeof TOOLS_OFFERED): typeof TOOLS_OFFERED => ({
  'anthropic-messages': withTools('anthropic-messages', choices['anthropic-messages']),
  'openai-chat': withTools('openai-chat', choices['openai-chat']),
  'openai-responses': withTools('openai-responses', choices['openai-responses']),
  gemini: withTools('gemini', choices.gemini),
  'bedrock-converse': withTools('bedrock-converse', choices['bedrock-converse']),
  'ollama-chat': withTools('ollama-chat', choices['ollama-chat']),
});

function withTools(wire: keyof typeof TOOLS_OFFERED, choice: JsonObject | null): JsonObject | null {
  return choice === null ? null : merge(TOOLS_OFFERED[wire] ?? {}, choice);
}

const calling = (config: JsonObject) => ({ toolConfig: { functionCallingConfig: config } });

/** Two of three tools. */
function allows(mode: string, gemini: JsonObject): typeof TOOLS_OFFERED {
  const all = ['weather', 'tides', 'wind'].map((name) => declared(SCHEMA, {}, name));
  const allowed = ['weather', 'tides'];
  const offered = (wire: keyof typeof TOOLS_OFFERED, choice: JsonObject) => ({
    tools: all.flatMap((form) => asArray(form[wire]?.tools) ?? []),
    ...choice,
  });
  const functions = allowed.map((name) => ({ type: 'function', function: { name } }));
  return {
    'anthropic-messages': null,
    'openai-chat': offered('openai-chat', {
      tool_choice: { type: 'allowed_tools', allowed_tools: { mode, tools: functions } },
    }),
    'openai-responses': offered('openai-responses', {
      tool_choice: {
        type: 'allowed_tools',
        mode,
        tools: allowed.map((name) => ({ type: 'function', name })),
      },
    }),
    gemini: {
      tools: [
        {
          functionDeclarations: all.flatMap((form) =>
            (asArray(form.gemini?.tools) ?? []).flatMap(
              (entry) => asArray(asObject(entry)?.functionDeclarations) ?? [],
            ),
          ),
        },
      ],
      ...calling({ ...gemini, allowedFunctionNames: allowed }),
    },
    'bedrock-converse': null,
    'ollama-chat': null,
  };
}

const CALL = { id: 'call_1', name: 'weather' };
const ARGUMENTS = JSON.stringify({ city: 'Bonn' });

/** A call of an earlier turn and its result. */
function conversation(result: {
  anthropic: JsonObject;
  chat: JsonObject[] | null;
  responses: JsonObject | null;
  gemini: JsonObject | null;
  bedrock: JsonObject | null;
  ollama: JsonObject | null;
}): typeof TOOLS_OFFERED {
  const ask = { role: 'user', content: 'hi' };
  const call = { function: { name: 'weather', arguments: ARGUMENTS }, id: 'call_1', type: 'function' };
  const forms: typeof TOOLS_OFFERED = {
    'anthropic-messages': {
      messages: [
        ask,
        { role: 'assistant', content: [{ type: 'tool_use', ...CALL, input: { city: 'Bonn' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', ...result.anthropic }] },
      ],
    },
    'openai-chat': result.chat && {
      messages: [ask, { role: 'assistant', tool_calls: [call] }, ...result.chat],
    },
    'openai-responses': result.responses && {
      input: [
        ask,
        { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: ARGUMENTS },
        { type: 'function_call_output', call_id: 'call_1', ...result.responses },
      ],
    },
    gemini: result.gemini && {
      contents: [
        { role: 'user', parts: [{ text: 'hi' }] },
        { role: 'model', parts: [{ functionCall: { ...CALL, args: { city: 'Bonn' } } }] },
        { role: 'user', parts: [{ functionResponse: { ...CALL, ...result.gemini } }] },
      ],
    },
    'bedrock-converse': result.bedrock && {
      messages: [
        { role: 'user' },
        {
          role: 'assistant',
          content: [{ toolUse: { toolUseId: 'call_1', name: 'weather', input: { city: 'Bonn' } } }],
        },
        { role: 'user', content: [{ toolResult: { toolUseId: 'call_1', ...result.bedrock } }] },
      ],
    },
    'ollama-chat': result.ollama && {
      messages: [
        ask,
        {
          role: 'assistant',
          tool_calls: [{ id: 'call_1', function: { name: 'weather', arguments: { city: 'Bonn' } } }],
        },
        { role: 'tool', tool_name: 'weather', tool_call_id: 'call_1', ...result.ollama },
      ],
    },
  };
  return chooses(forms);
}

const PNG = 'aGVsbG8=';

export const TOOLS: FeatureGroup = {
  title: 'Client tools',
  features: [
    { name: 'function', forms: TOOLS_OFFERED },
    { name: 'tool name of 100 letters', forms: declared(SCHEMA, {}, 'a'.repeat(100)) },
    { name: 'schema with `$ref`, `const`, type lists, limits', forms: declared(RICH_SCHEMA) },
    { name: 'schema with alternatives at the top (`anyOf`)', forms: declared(CHOICE) },
    {
      name: 'strict arguments',
      forms: { ...STRICT, gemini: null, 'ollama-chat': null },
    },
    {
      name: 'free-text tool (`custom`)',
      forms: offers({
        'anthropic-messages': null,
        'openai-chat': { type: 'custom', custom: { name: 'patch', description: 'Applies it.' } },
        'openai-responses': { type: 'custom', name: 'patch', description: 'Applies it.' },
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
    {
      name: 'grammar of a free-text tool',
      forms: offers({
        'anthropic-messages': null,
        'openai-chat': {
          type: 'custom',
          custom: {
            name: 'patch',
            format: { type: 'grammar', grammar: { syntax: 'regex', definition: 'a+' } },
          },
        },
        'openai-responses': {
          type: 'custom',
          name: 'patch',
          format: { type: 'grammar', syntax: 'regex', definition: 'a+' },
        },
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
    {
      name: 'tools in a namespace',
      forms: offers({
        'anthropic-messages': null,
        'openai-chat': null,
        'openai-responses': {
          type: 'namespace',
          name: 'sky',
          description: 'Of the sky.',
          tools: [{ type: 'function', name: 'weather', parameters: SCHEMA, strict: false }],
        },
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
    {
      name: 'tools that the conversation brings along (`additional_tools`, as Codex does)',
      forms: { ...TOOLS_OFFERED, 'openai-responses': BROUGHT_ALONG },
      clients: ['openai-responses'],
    },
    {
      name: 'a search for further tools that the client runs itself (`tool_search`, as Codex does)',
      forms: { ...TOOLS_OFFERED, 'openai-responses': SEARCHED },
      clients: ['openai-responses'],
    },
    {
      name: 'tool choice: auto',
      clients: ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'],
      forms: chooses({
        'anthropic-messages': { tool_choice: { type: 'auto' } },
        'openai-chat': { tool_choice: 'auto' },
        'openai-responses': { tool_choice: 'auto' },
        gemini: calling({ mode: 'AUTO' }),
        // The default of these.
        'bedrock-converse': {},
        'ollama-chat': {},
      }),
    },
    {
      name: 'tool choice: none',
      forms: chooses({
        'anthropic-messages': { tool_choice: { type: 'none' } },
        'openai-chat': { tool_choice: 'none' },
        'openai-responses': { tool_choice: 'none' },
        gemini: calling({ mode: 'NONE' }),
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
    {
      name: 'tool choice: some tool',
      forms: chooses({
        'anthropic-messages': { tool_choice: { type: 'any' } },
        'openai-chat': { tool_choice: 'required' },
        'openai-responses': { tool_choice: 'required' },
        gemini: calling({ mode: 'ANY' }),
        'bedrock-converse': { toolConfig: { toolChoice: { any: {} } } },
        'ollama-chat': null,
      }),
    },
    {
      name: 'tool choice: this tool',
      forms: chooses({
        'anthropic-messages': { tool_choice: { type: 'tool', name: 'weather' } },
        'openai-chat': { tool_choice: { type: 'function', function: { name: 'weather' } } },
        'openai-responses': { tool_choice: { type: 'function', name: 'weather' } },
        gemini: calling({ mode: 'ANY', allowedFunctionNames: ['weather'] }),
        'bedrock-converse': { toolConfig: { toolChoice: { tool: { name: 'weather' } } } },
        'ollama-chat': null,
      }),
    },
    {
      name: 'only these tools, if any',
      forms: allows('auto', { mode: 'VALIDATED' }),
    },
    {
      name: 'one of these tools',
      forms: allows('required', { mode: 'ANY' }),
    },
    {
      name: 'one call at a time',
      forms: chooses({
        'anthropic-messages': { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
        'openai-chat': { parallel_tool_calls: false },
        'openai-responses': { parallel_tool_calls: false },
        gemini: null,
        'bedrock-converse': {
          additionalModelRequestFields: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
        },
        'ollama-chat': null,
      }),
    },
    {
      name: 'call and its result',
      forms: conversation({
        anthropic: { content: 'sun' },
        chat: [{ role: 'tool', tool_call_id: 'call_1', content: 'sun' }],
        responses: { output: 'sun' },
        gemini: { response: { output: 'sun' } },
        bedrock: { content: [{ text: 'sun' }] },
        ollama: { content: 'sun' },
      }),
    },
    {
      name: 'failed result',
      forms: conversation({
        anthropic: { content: 'no sun', is_error: true },
        chat: null,
        responses: null,
        gemini: { response: { error: 'no sun' } },
        bedrock: { content: [{ text: 'no sun' }], status: 'error' },
        ollama: null,
      }),
    },
    {
      name: 'image in a result',
      forms: conversation({
        anthropic: {
          content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }],
        },
        chat: null,
        responses: { output: [{ type: 'input_image', image_url: `data:image/png;base64,${PNG}` }] },
        // Only of Gemini 3 and later.
        gemini: null,
        bedrock: { content: [{ image: { format: 'png', source: { bytes: PNG } } }] },
        ollama: { images: [PNG] },
      }),
    },
    {
      name: 'free-text call',
      forms: {
        'anthropic-messages': null,
        'openai-chat': {
          messages: [
            { role: 'user', content: 'hi' },
            {
              role: 'assistant',
              tool_calls: [{ id: 'call_1', type: 'custom', custom: { name: 'patch', input: 'a b' } }],
            },
            { role: 'tool', tool_call_id: 'call_1', content: 'done' },
          ],
        },
        'openai-responses': {
          input: [
            { role: 'user', content: 'hi' },
            { type: 'custom_tool_call', call_id: 'call_1', name: 'patch', input: 'a b' },
            { type: 'custom_tool_call_output', call_id: 'call_1', output: 'done' },
          ],
        },
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      },
    },
  ],
};
