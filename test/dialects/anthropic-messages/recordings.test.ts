// The dialect over every recorded exchange: nothing unreadable, nothing lost on the way round.
import { describe, expect, test } from 'bun:test';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import { isObject, type JsonObject, type JsonValue, parseObject } from '../../../src/model/json/json.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import { mergeUsage, NO_USAGE } from '../../../src/model/usage.ts';
import { type Recording, recordings } from '../../support/recordings.ts';
import { CONTEXT, decoded, encoded, framed, normalised, violations } from './streams.ts';

const WIRE = 'anthropic-messages';
const { client, provider } = anthropicMessages;

/** Recorded streams that break the grammar themselves, and how. */
const LACKS_CACHE_COUNTS = /^message_start lacks usage\.cache_\w+$/;
const IRREGULAR: Record<string, RegExp> = {
  // Recorded with models and API revisions from before prompt caching.
  'anthropic-messages/anthropic/ddpy-anthropic-completion-stream': LACKS_CACHE_COUNTS,
  'anthropic-messages/anthropic/ddpy-anthropic-completion-tools-call-with-tool-result-stream-helper':
    LACKS_CACHE_COUNTS,
  'anthropic-messages/anthropic/ollm-test-async-anthropic-message-streaming-legacy': LACKS_CACHE_COUNTS,
  // Another server's rendering of the dialect leaves out the nullable fields and the cache counts.
  'anthropic-messages/ollama/llama-stack-test-messages-streaming-collects-full-text-t-58706b':
    /^message_start lacks (stop_reason|stop_sequence|usage\.cache_\w+)$/,
};

describe.each(named(recordings(WIRE, { streamed: true })))('%s', (_, recording) => {
  const events = framed(recording.body);
  const data = events.map((event) => parseObject(event.data) ?? {});

  test('keeps the grammar', () => {
    const irregular = IRREGULAR[recording.id];
    const found = violations(events);
    expect(found.filter((each) => !irregular?.test(each))).toEqual([]);
    if (irregular !== undefined) expect(found).not.toEqual([]);
  });

  test('decodes to the ending and the counts that the bytes state', () => {
    const emitted = decoded(events);
    const last = emitted.at(-1);
    const error = data.find((each) => each.type === 'error');
    if (error !== undefined) {
      expect(last).toMatchObject({
        type: 'error',
        error: { code: 'upstream_overloaded', message: 'Overloaded' },
      });
      return;
    }
    const delta = data.findLast((each) => each.type === 'message_delta') as {
      delta: JsonObject;
      usage: JsonObject;
    };
    const head = data.find((each) => each.type === 'message_start') as {
      message: JsonObject & { usage: JsonObject };
    };
    expect(last).toMatchObject({ type: 'finish', finish: { raw: delta.delta.stop_reason } });
    expect(emitted[0]).toEqual({
      type: 'start',
      id: String(head.message.id),
      model: String(head.message.model),
    });
    const usage = emitted.reduce(
      (sum, each) => (each.type === 'usage' ? mergeUsage(sum, each.usage) : sum),
      NO_USAGE,
    );
    const stated = (name: string) => delta.usage[name] ?? head.message.usage[name] ?? 0;
    expect({
      input: usage.inputTokens,
      output: usage.outputTokens,
      read: usage.cacheReadTokens,
      written: usage.cacheWriteTokens,
    }).toEqual({
      input: stated('input_tokens'),
      output: stated('output_tokens'),
      read: stated('cache_read_input_tokens'),
      written: stated('cache_creation_input_tokens'),
    } as never);
  });

  test('decodes all text, thinking and arguments', () => {
    const emitted = decoded(events);
    const deltas = data.map((each) =>
      each.type === 'content_block_delta' ? (each.delta as JsonObject) : {},
    );
    const sent = (field: string) => deltas.map((delta) => delta[field] ?? '').join('');
    const got = (type: string, field: string) =>
      emitted.map((event) => (event.type === type ? (event as unknown as JsonObject)[field] : '')).join('');
    expect(got('text-delta', 'text')).toBe(sent('text'));
    expect(got('reasoning-delta', 'text')).toBe(sent('thinking'));
    expect(signatures(emitted)).toEqual(sentSignatures(data));
    expect(got('tool-delta', 'arguments')).toBe(sent('partial_json'));
    const citations = deltas.filter((delta) => delta.type === 'citations_delta').length;
    expect(emitted.filter((event) => event.type === 'citation')).toHaveLength(citations);
  });

  test('means the same after another encoding', () => {
    const emitted = decoded(events);
    const again = encoded(emitted);
    expect(violations(again)).toEqual([]);
    const first = normalised(emitted);
    const second = normalised(decoded(again));
    if (first.at(-1)?.type === 'error') {
      expect(second.at(-1)).toMatchObject({ type: 'error', error: { code: 'upstream_overloaded' } });
    } else {
      // The encoder states counts that the recording left out as zero.
      expect(withoutZeros(second)).toEqual(withoutZeros(first));
    }
  });
});

describe.each(named(recordings(WIRE, { streamed: false, status: 'ok' })))('%s', (_, recording) => {
  const body = parseObject(new TextDecoder().decode(recording.body)) ?? {};

  test('is the same answer after parse, build and parse', () => {
    const parsed = provider.parseResponse(body);
    const built = client.buildResponse(parsed, CONTEXT);
    // What a summary and another model's advice cost is for the bill: no client is told.
    const { besides: _summary, otherCharges: _charges, ...others } = parsed;
    expect(provider.parseResponse(built)).toEqual(others);
    expect(built).toMatchObject({ id: body.id, model: body.model, stop_reason: body.stop_reason } as never);
    expect(tidy(built.content as JsonValue)).toEqual(tidy(body.content as JsonValue) as never);
  });

  test('is not taken for an error', () => {
    expect(provider.errorInBody(body)).toBeUndefined();
  });
});

describe.each(named(recordings(WIRE, { status: 'error' })))('%s', (_, recording) => {
  test('is an error with the reason of the provider', () => {
    const body = new TextDecoder().decode(recording.body);
    const error = provider.parseError({ status: recording.status, headers: new Headers(), body });
    const said = parseObject(body)?.error as { type: string; message: string };
    expect(error.message).toBe(said.message);
    expect(error.reason?.type).toBe(said.type);
    expect(error.status).toBe(recording.status);
    expect(client.buildError(error, 'req_1')).toMatchObject({
      error: { type: said.type, message: said.message },
    });
  });
});

const withRequest = recordings(WIRE).filter((each) => each.request !== undefined && each.status !== 400);

describe.each(named(withRequest))('%s', (_, recording) => {
  test('its request is the same after parse and build', () => {
    // On Vertex the model is in the URL.
    const body: JsonObject = { model: 'claude-3-7-sonnet@20250219', ...recording.request };
    const { body: built, losses } = provider.buildRequest(
      client.parseRequest(body, { operation: 'generate' }),
      {
        model: String(body.model),
        quirks: {},
      },
    );
    expect(losses).toEqual([]);
    expect(semantic(built)).toEqual(semantic(body));
  });
});

test('the recorded request that the provider refused is refused here, with the same path', () => {
  const refused = recordings(WIRE, { status: 400 }).filter((each) => each.request !== undefined);
  for (const recording of refused) {
    expect(() => client.parseRequest(recording.request ?? {}, { operation: 'generate' })).toThrow(
      /^messages\.0: /,
    );
  }
});

function signatures(events: readonly StreamEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'reasoning-signature' ? [event.signature] : []));
}

/** One a block, however many pieces. */
function sentSignatures(data: readonly JsonObject[]): string[] {
  const byBlock = new Map<unknown, string>();
  for (const { index, delta } of data) {
    const { signature } = (delta ?? {}) as JsonObject;
    if (signature) byBlock.set(index, `${byBlock.get(index) ?? ''}${String(signature)}`);
  }
  return [...byBlock.values()].map((signature) => ownToken(WIRE, signature));
}

function named(list: Recording[]): [string, Recording][] {
  return list.map((recording) => [recording.id.slice(WIRE.length + 1), recording]);
}

function withoutZeros(events: ReturnType<typeof normalised>) {
  return events.map((event) =>
    event.type === 'usage'
      ? {
          ...event,
          // Counts alone: charges are for the bill.
          usage: Object.fromEntries(
            Object.entries(event.usage).filter(([, count]) => typeof count === 'number' && count !== 0),
          ),
        }
      : event,
  );
}

/** Without nulls and empty lists, which say nothing. */
function tidy(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(tidy);
  if (!isObject(value)) return value;
  const fields = Object.entries(value).filter(
    ([name, each]) => each !== null && !(name === 'citations' && isNone(each)),
  );
  return Object.fromEntries(fields.map(([name, each]) => [name, tidy(each as JsonValue)]));
}

function isNone(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** One form for the spellings that mean the same: strings and text blocks, `stream: false`, the old output_format. */
function semantic(body: JsonObject): JsonValue {
  const { output_format: format, stream, system, messages, ...rest } = tidy(body) as JsonObject;
  return {
    ...rest,
    ...(format === undefined ? {} : { output_config: { format } }),
    ...(stream === true ? { stream } : {}),
    ...(system === undefined ? {} : { system: blocks(system) }),
    messages: (messages as JsonObject[]).map((message) => ({ ...message, content: blocks(message.content) })),
  };
}

function blocks(content: JsonValue | undefined): JsonValue {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return content.map((block) =>
    isObject(block) && block.type === 'tool_result' ? { ...block, content: blocks(block.content) } : block,
  );
}
