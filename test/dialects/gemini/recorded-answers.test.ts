// Every recorded whole answer and error: parsed as its own fields say, and the same after build and parse.
import { describe, expect, test } from 'bun:test';
import { gemini } from '../../../src/dialects/gemini/index.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import { asObject, asString, type JsonObject, parseObject } from '../../../src/model/json/json.ts';
import type { NeutralResponse } from '../../../src/model/response.ts';
import { answerObject, findRecording, type Recording, recordings } from '../../support/recordings.ts';
import { callsOf, CONTEXT, signaturesOf, textOf } from './events.ts';
import { foldAnswer } from './fold.ts';

const { client, provider } = gemini;

/** Recorded answers in which the model wrote a call; their servers call it unexpected, their clients ran it. */
const REASONS: Record<string, string> = {
  STOP: 'end_turn',
  1: 'end_turn',
  SAFETY: 'refusal',
  MODEL_ARMOR: 'refusal',
  OTHER: 'other',
};

const answers = recordings('gemini-generate', { streamed: false, status: 'ok' });

test('there are recorded answers', () => {
  expect(answers.length).toBeGreaterThan(1);
});

describe.each(answers.map((recording) => [recording.id, recording] as const))('%s', (_, recording) => {
  const body = answerObject(recording);
  const parsed = provider.parseResponse(body);
  const expected = foldAnswer(recording.body);

  test('parses as its fields say', () => {
    const { parts, finish } = parsed;
    expect(textOf(parts, 'text')).toBe(expected.text);
    expect(textOf(parts, 'reasoning')).toBe(expected.reasoning);
    expect(callsOf(parts)).toEqual(expected.tools);
    expect(signaturesOf(parts)).toEqual(expected.signatures);
    const media = parts.flatMap((part) =>
      part.type === 'image' || part.type === 'audio' ? [part.source] : [],
    );
    expect(media).toMatchObject(expected.media.map((data) => ({ kind: 'base64', data })));
    expect([parsed.id, parsed.model]).toEqual([expected.id, expected.model]);
    const unified = expected.tools.length > 0 ? 'tool_use' : REASONS[String(expected.finish)];
    expect(finish.unified as string).toBe(unified ?? 'refusal');
  });

  test('counts what the upstream counted', () => {
    const { inputTokens, cacheReadTokens, outputTokens, reasoningTokens } = parsed.usage;
    const stated = expected.usage;
    const count = (name: string) => stated[name] ?? 0;
    expect(inputTokens + cacheReadTokens).toBe(count('promptTokenCount') + count('toolUsePromptTokenCount'));
    expect(outputTokens).toBe(count('candidatesTokenCount') + count('thoughtsTokenCount'));
    expect(reasoningTokens).toBe(count('thoughtsTokenCount'));
    // One server leaves the tokens of calls out of the candidates' count.
    if (stated.candidatesTokenCount !== undefined) {
      expect(inputTokens + cacheReadTokens + outputTokens).toBe(count('totalTokenCount'));
    }
  });

  test('is the same after build and parse', () => {
    const built = client.buildResponse(parsed, CONTEXT);
    const again = provider.parseResponse(JSON.parse(JSON.stringify(built)) as JsonObject);
    // Counts that nobody stated are told as zeros.
    const { uncounted: _, extension, ...others } = parsed;
    // Of a source that says nothing of itself, the field is kept alone.
    const { citations: __, ...fields } = extension?.fields ?? {};
    const named: NeutralResponse = {
      ...others,
      ...(extension && Object.keys(fields).length > 0 && { extension: { ...extension, fields } }),
      id: parsed.id ?? CONTEXT.requestId,
      model: parsed.model ?? CONTEXT.model,
    };
    expect(again).toEqual(named);
  });
});

const failures = recordings('gemini-generate', { status: 'error' });

/** What each kind of refusal is, and the status that clients see. */
function expectedCode(recording: Recording): [code: string, status: number] {
  const body = new TextDecoder().decode(recording.body);
  if (/API key not valid/.test(body)) return ['upstream_unauthorized', 401];
  switch (recording.status) {
    case 403:
      return ['upstream_unauthorized', 403];
    case 429:
      return ['upstream_rate_limited', 429];
    default:
      return ['upstream_rejected', recording.status];
  }
}

describe.each(failures.map((recording) => [recording.id, recording] as const))('%s', (_, recording) => {
  const body = new TextDecoder().decode(recording.body);
  const error = provider.parseError({ status: recording.status, headers: new Headers(), body });
  const stated = asObject(parseObject(body)?.error) ?? {};

  test('is an error of its kind', () => {
    expect([error.code, error.status]).toEqual(expectedCode(recording) as [typeof error.code, number]);
    expect(error.reason?.type).toBe(asString(stated.status));
  });

  test('keeps what the provider sent, and when to ask again', () => {
    expect(error.message).toContain(String(stated.message));
    const delay = /"retryDelay": ?"(\d+)s"/.exec(body)?.[1];
    expect(error.retryAfterMs).toBe(delay === undefined ? undefined : Number(delay) * 1000);
    const built = asObject(client.buildError(error, 'req1').error);
    expect(built).toMatchObject({ code: error.status, message: error.message });
    // A client's error, read back, is the same error.
    const again = provider.parseError({
      status: error.status,
      headers: new Headers(),
      body: JSON.stringify({ error: built }),
    });
    expect([again.code, again.retryAfterMs]).toEqual([error.code, error.retryAfterMs]);
  });

  test('is no answer', () => {
    expect(provider.errorInBody({ error: stated })).toBeInstanceOf(GatewayError);
    expect(() => provider.parseResponse({ error: stated })).toThrow();
  });
});

test('the error that breaks a recorded stream off is what its server says', () => {
  const recording = findRecording('gemini-generate/vertex/firebase-streaming-failure-error-mid-stream');
  if (recording === undefined) return;
  const text = new TextDecoder().decode(recording.body);
  const body = parseObject(text.slice(text.lastIndexOf('\n{'))) ?? {};
  expect(provider.errorInBody(body)).toMatchObject({
    code: 'upstream_failed',
    reason: { type: 'CANCELLED' },
  });
});
