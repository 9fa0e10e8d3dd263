// Every recorded request: the same after parse and build, and the same neutral request again.
import { describe, expect, test } from 'bun:test';
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts';
import {
  asArray,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../../src/model/json/json.ts';
import { recordings } from '../../support/recordings.ts';

const { client, provider } = openaiResponses;

const TEXT_TYPES = ['input_text', 'output_text'];

/** Content as one text, or as parts in one spelling. */
function content(value: JsonValue | undefined): unknown {
  if (!Array.isArray(value)) return value;
  const parts = value.filter(isObject);
  const isText = parts.every((part) => TEXT_TYPES.includes(asString(part.type) ?? ''));
  if (isText) return parts.map((part) => part.text).join('');
  return parts.map((part) => ({
    ...part,
    ...(part.type === 'input_image' && { detail: part.detail ?? 'auto' }),
  }));
}

/** Reasoning that a provider could not use again: an item without anything but its type. */
function isHollow(item: JsonObject): boolean {
  return item.type === 'reasoning' && !item.id && !item.encrypted_content;
}

function message(text: string): JsonValue {
  return { role: 'user', content: text };
}

/** What a request means, in one spelling of the many. */
function meaning(body: JsonObject) {
  const input = typeof body.input === 'string' ? [message(body.input)] : asArray(body.input);
  const items = (input ?? []).filter(isObject);
  const isSystem = (item: JsonObject) => item.role === 'system' || item.role === 'developer';
  const isMessage = (item: JsonObject) => item.type === undefined || item.type === 'message';
  const turn = items.findIndex((item) => !(isMessage(item) && isSystem(item)));
  const leading = items.slice(0, turn === -1 ? items.length : turn);
  const system = [body.instructions, ...leading.map((item) => content(item.content))].filter(Boolean);
  return {
    model: body.model,
    stream: body.stream === true,
    system: system.join('\n\n'),
    items: items
      .slice(leading.length)
      .filter((item) => !isHollow(item))
      .map(itemMeaning),
    tools: body.tools ?? undefined,
    toolChoice: body.tool_choice ?? undefined,
    maxTokens: body.max_output_tokens,
    temperature: body.temperature,
    reasoning: body.reasoning,
    text: body.text,
    store: body.store,
    include: body.include,
    user: body.user,
    tier: body.service_tier,
    context: body.context_management,
  };
}

function itemMeaning(item: JsonObject): unknown {
  switch (item.type) {
    case undefined:
    case 'message':
      return {
        role: item.role === 'developer' ? 'system' : item.role,
        content: content(item.content),
        phase: item.phase,
      };
    case 'function_call':
      return { call: item.call_id, name: item.name, arguments: item.arguments };
    case 'function_call_output':
      return { answers: item.call_id, output: content(item.output) };
    case 'reasoning': {
      const texts = [...(asArray(item.summary) ?? []), ...(asArray(item.content) ?? [])];
      return {
        id: item.id,
        encrypted: item.encrypted_content ?? undefined,
        text: texts.map((part) => asObject(part)?.text).join('\n\n'),
      };
    }
    default:
      return item;
  }
}

const requests = recordings('openai-responses').flatMap((recording) =>
  recording.request === undefined ? [] : [[recording.id, recording.request] as const],
);

test('there are recorded requests', () => {
  expect(requests.length).toBeGreaterThan(0);
});

describe.each(requests)('%s', (_, body) => {
  const request = client.parseRequest(body, { operation: 'generate' });
  const built = provider.buildRequest(request, { model: request.model, quirks: {} });

  test('means the same after parse and build', () => {
    expect(meaning(built.body)).toEqual(meaning(body));
  });

  test('is the same neutral request again', () => {
    const again = client.parseRequest(built.body, { operation: 'generate' });
    // System messages become the one text of `instructions`, text in parts one text.
    const { system, messages, ...rest } = again;
    const { system: expectedSystem, messages: expectedMessages, ...expected } = request;
    expect(rest).toEqual(expected);
    expect(system.map((part) => part.text).join('')).toBe(
      expectedSystem.map((part) => part.text).join('\n\n'),
    );
    expect(messages.map((message) => message.role)).toEqual(expectedMessages.map((message) => message.role));
  });

  test('loses nothing', () => {
    const hollow = (asArray(body.input) ?? []).some((item) => isObject(item) && isHollow(item));
    expect(built.losses.map((loss) => loss.feature)).toEqual(hollow ? ['reasoning'] : []);
  });
});
