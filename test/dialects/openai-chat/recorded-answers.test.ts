// Every recorded whole answer and error: parsed as its own fields say, and the same after build and parse.
import { describe, expect, test } from 'bun:test';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import { asArray, asObject, asString, type JsonObject, parseObject } from '../../../src/model/json/json.ts';
import { createRedactor } from '../../../src/model/redact/redact.ts';
import type { NeutralResponse } from '../../../src/model/response.ts';
import { answerObject, recordings } from '../../support/recordings.ts';
import { CONTEXT, callsOf, textOf } from './events.ts';

const { client, provider } = openaiChat;

/** What survives a build: citations without a place cover their whole text afterwards. */
function comparable({ finish, parts, ...rest }: NeutralResponse) {
  const hasOwnWord = finish.unified !== 'other' && finish.unified !== 'stop_sequence';
  return {
    ...rest,
    usage: { ...rest.usage, cacheWrite1hTokens: 0 },
    finish: hasOwnWord ? finish.unified : 'end_turn',
    parts: parts.map((part) =>
      part.type === 'text'
        ? { ...part, citations: part.citations?.map(({ url, title }) => ({ url, title })) }
        : part,
    ),
  };
}

const answers = recordings('openai-chat', { streamed: false, status: 'ok' });

test('there are recorded answers', () => {
  expect(answers.length).toBeGreaterThan(0);
});

describe.each(answers.map((recording) => [recording.id, recording] as const))('%s', (_, recording) => {
  const body = answerObject(recording);
  const parsed = provider.parseResponse(body);
  const choice = asObject(asArray(body.choices)?.[0]) ?? {};
  const message = asObject(choice.message) ?? {};
  const usage = asObject(body.usage) ?? {};

  test('parses as its fields say', () => {
    const transcript = asString(asObject(message.audio)?.transcript);
    expect(textOf(parsed.parts, 'text')).toBe(asString(message.content) || transcript || '');
    const details = asArray(message.reasoning_details)?.map((each) => asString(asObject(each)?.text) ?? '');
    expect(textOf(parsed.parts, 'reasoning')).toBe(
      asString(message.reasoning_content) || asString(message.reasoning) || details?.join('') || '',
    );
    const calls = (asArray(message.tool_calls) ?? []).map((call) => asObject(asObject(call)?.function));
    const legacy = asObject(message.function_call);
    if (legacy?.name) calls.push(legacy);
    expect(callsOf(parsed.parts)).toEqual(
      calls.map((call) => ({ name: String(call?.name), arguments: String(call?.arguments) })),
    );
    expect(parsed.finish.raw).toBe(asString(choice.finish_reason) || null);
    expect(parsed.model).toBe(asString(body.model) ?? null);
  });

  test('counts what the upstream counted', () => {
    const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = parsed.usage;
    expect(inputTokens + cacheReadTokens + cacheWriteTokens).toBe(Number(usage.prompt_tokens));
    expect(outputTokens).toBe(Number(usage.total_tokens) - Number(usage.prompt_tokens));
  });

  test('is the same after build and parse', () => {
    const built = client.buildResponse(parsed, CONTEXT);
    const again = provider.parseResponse(JSON.parse(JSON.stringify(built)) as JsonObject);
    // What a server bills is its own: no client is told.
    const { billedUsd: _bill, ...others } = parsed;
    const expected = comparable(others);
    expect(comparable(again)).toEqual({ ...expected, id: expected.id ?? `chatcmpl-${CONTEXT.requestId}` });
  });
});

const failures = recordings('openai-chat', { status: 'error' });

describe.each(failures.map((recording) => [recording.id, recording] as const))('%s', (_, recording) => {
  const body = new TextDecoder().decode(recording.body);
  const error = provider.parseError({ status: recording.status, headers: new Headers(), body });

  test('is an error of its kind', () => {
    const isTooLong = /context (length|size)|too long/.test(body);
    const expected =
      { 401: 'upstream_unauthorized', 403: 'upstream_unauthorized', 429: 'upstream_rate_limited' }[
        recording.status
      ] ?? (isTooLong ? 'context_too_long' : 'upstream_rejected');
    expect(error.code).toBe(expected as typeof error.code);
    expect(error.status).toBe(recording.status);
  });

  test('keeps what the provider said', () => {
    const value = parseObject(body) ?? {};
    const nested = asObject(value.error) ?? value;
    const message = asString(value.error) ?? String(nested.message);
    expect(error.message).toContain(message);
    // Keys go where errors are told, not where they are read.
    expect(createRedactor([])(error.message)).not.toMatch(/sk-fake|\*\*-key/);
    const clientMessage = asString(asObject(client.buildError(error, 'req1').error)?.message);
    expect(clientMessage).toEndWith(error.message);
  });

  test('is no answer', () => {
    const value = parseObject(body);
    const isShaped = value?.error !== undefined || value?.object === 'error';
    if (value !== undefined && isShaped) expect(provider.errorInBody(value)).toBeDefined();
    if (value !== undefined) expect(() => provider.parseResponse(value)).toThrow();
  });
});
