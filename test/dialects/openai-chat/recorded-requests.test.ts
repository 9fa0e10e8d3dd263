// Every recorded request: the same after parse and build, and the same neutral request again.
import { describe, expect, test } from 'bun:test';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import {
  asArray,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../../src/model/json/json.ts';
import { findRecording, recordings } from '../../support/recordings.ts';

const { client, provider } = openaiChat;
const QUIRKS = { cacheControl: true, replaysReasoning: true, customTools: true };

/** Content as one text, or as parts without the breakpoint (which may stand on message or part). */
function content(value: JsonValue | undefined, separator: string): unknown {
  if (value === null || value === undefined) return '';
  if (!Array.isArray(value)) return value;
  const parts = value.map((part) => ({ ...asObject(part), cache_control: undefined }));
  const isText = parts.every((part) => (part as JsonObject).type === 'text');
  return isText ? parts.map((part) => (part as JsonObject).text).join(separator) : parts;
}

function calls(message: JsonObject): unknown[] {
  const legacy = asObject(message.function_call);
  const all = [
    ...(asArray(message.tool_calls) ?? []),
    ...(legacy === undefined ? [] : [{ function: legacy }]),
  ];
  return all.map((call) => asObject(asObject(call)?.function));
}

/** What a request means, in one spelling of the many. */
function meaning(body: JsonObject) {
  const messages = (asArray(body.messages) ?? []).filter(isObject);
  const isSystem = (message: JsonObject) => message.role === 'system' || message.role === 'developer';
  const firstTurn = messages.findIndex((message) => !isSystem(message));
  const format = asObject(body.response_format);
  const schema = asObject(format?.json_schema);
  const leading = messages.slice(0, firstTurn === -1 ? messages.length : firstTurn);
  return {
    model: body.model,
    stream: body.stream === true,
    system: leading.map((message) => content(message.content, '\n\n')).join('\n\n'),
    turns: messages.slice(leading.length).map((message) => ({
      role: message.role === 'function' ? 'tool' : message.role,
      content: content(message.content, message.role === 'assistant' ? '' : '\n\n'),
      calls: calls(message),
      reasoning: asString(message.reasoning_content) || asString(message.reasoning) || '',
      answers: message.role === 'tool' ? message.tool_call_id : undefined,
    })),
    tools: [
      ...(asArray(body.tools) ?? []).map((tool) => asObject(tool)?.function ?? tool),
      ...(asArray(body.functions) ?? []),
    ].map((tool) => ({ ...asObject(tool), cache_control: undefined })),
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    temperature: body.temperature ?? undefined,
    topP: body.top_p ?? undefined,
    seed: body.seed ?? body.random_seed ?? undefined,
    stop: typeof body.stop === 'string' ? [body.stop] : (body.stop ?? undefined),
    responseFormat:
      format === undefined
        ? undefined
        : { ...format, json_schema: schema && { name: 'response', ...schema } },
    hasBreakpoint: JSON.stringify(body).includes('cache_control'),
  };
}

const ROUTE = { operation: 'generate' } as const;

// One recorded error shows how a server refuses a temperature that is a string; so do we.
const MALFORMED = 'openai-chat/llamacpp/rig-error-matrix-malformed-request-field';

const requests = recordings('openai-chat').flatMap((recording) =>
  recording.request === undefined || recording.id === MALFORMED
    ? []
    : [[recording.id, recording.request] as const],
);

test('there are recorded requests', () => {
  expect(requests.length).toBeGreaterThan(0);
});

test('a recorded request that its server refused is refused', () => {
  const body = findRecording(MALFORMED)?.request;
  if (body !== undefined)
    expect(() => client.parseRequest(body, ROUTE)).toThrow('temperature: must be a number');
});

describe.each(requests)('%s', (_, body) => {
  const request = client.parseRequest(body, ROUTE);
  const built = provider.buildRequest(request, { model: request.model, quirks: QUIRKS });

  test('means the same after parse and build', () => {
    expect(meaning(built.body)).toEqual(meaning(body));
  });

  test('is the same neutral request again', () => {
    const again = client.parseRequest(built.body, ROUTE);
    const { includeUsage: _, ...rest } = again;
    const { includeUsage: __, ...expected } = request;
    if (expected.outputFormat?.type === 'json-schema') expected.outputFormat.name ??= 'response';
    // What has several spellings is checked above.
    for (const field of [
      'system',
      'messages',
      'reasoning',
      'readsReasoningDetails',
      'topK',
      'metadata',
    ] as const) {
      delete rest[field as keyof typeof rest];
      delete expected[field as keyof typeof expected];
    }
    if (expected.serviceTier === 'auto') delete expected.serviceTier;
    // Providers get the older `functions` as tools.
    expected.tools = expected.tools.map((tool) => {
      if (tool.type !== 'function') return tool;
      const { legacy: ___, ...declared } = tool;
      return declared;
    });
    // Settings of one vendor's way to ask for thinking, of which this is not one.
    if (Bun.deepEquals(Object.keys(expected.extension?.fields ?? {}), ['thinking.clear_thinking']))
      expected.extension = { dialect: 'openai-chat', fields: {} };
    expect(rest).toEqual(expected);
  });

  test('loses only what the dialect itself cannot say', () => {
    const sayable = built.losses.filter(
      ({ feature }) => !['top_k', 'metadata', 'reasoning_effort', 'thinking'].includes(feature),
    );
    const signatures = [
      'redacted_thinking',
      'citations',
      'thinking.budget_tokens',
      'reasoning_summary',
      'thinking.clear_thinking',
    ];
    expect(sayable.filter(({ feature }) => !signatures.includes(feature))).toEqual([]);
  });
});
