// Every recorded whole answer and error: parsed as its own fields say, and the same after build and parse.
import { describe, expect, test } from 'bun:test';
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts';
import { asObject, asString, type JsonObject } from '../../../src/model/json/json.ts';
import type { NeutralResponse } from '../../../src/model/response.ts';
import { answerObject, recordings } from '../../support/recordings.ts';
import { CONTEXT, callsOf, textsOf } from './events.ts';
import { foldResponse, type RecordedResponse } from './fold.ts';

const { client, provider } = openaiResponses;

/** Ids of servers other than OpenAI's are given its prefix. */
function comparable({ id, finish, extension: _, ...rest }: NeutralResponse) {
  return { ...rest, id: id?.replace(/^resp_/, ''), finish: finish.unified };
}

const answers = recordings('openai-responses', { streamed: false, status: 'ok' });

test('there are recorded answers', () => {
  expect(answers.length).toBeGreaterThan(0);
});

describe.each(answers.map((recording) => [recording.id, recording] as const))('%s', (_, recording) => {
  const body = answerObject(recording);
  const parsed = provider.parseResponse(body);
  const expected = foldResponse(body as RecordedResponse);

  test('parses as its fields say', () => {
    expect(parsed.id).toBe(expected.id);
    expect(parsed.model).toBe(expected.model);
    expect(textsOf(parsed.parts, 'text').join('')).toBe(expected.text);
    expect(textsOf(parsed.parts, 'refusal').join('')).toBe(expected.refusal);
    expect(textsOf(parsed.parts, 'reasoning')).toEqual(expected.reasoning);
    expect(callsOf(parsed.parts)).toEqual(expected.calls);
    const hosted = parsed.parts.filter(
      (part) =>
        part.type === 'opaque' ||
        part.type === 'image' ||
        (part.type === 'tool-call' && part.kind === 'server'),
    );
    expect(hosted.length).toBe(expected.hosted.length);
    expect(parsed.finish.raw).toBe(expected.finish);
    const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = parsed.usage;
    expect(inputTokens + cacheReadTokens + cacheWriteTokens).toBe(Number(expected.usage?.input_tokens));
    expect(outputTokens).toBe(Number(expected.usage?.output_tokens));
  });

  test('is the same after build and parse', () => {
    const built = client.buildResponse(parsed, CONTEXT);
    const again = provider.parseResponse(JSON.parse(JSON.stringify(built)) as JsonObject);
    // What a server bills is its own: no client is told.
    const { billedUsd: _bill, ...others } = parsed;
    // Raw reasoning of open models stands in the summary afterwards: only its text survives.
    expect(comparable(again)).toEqual(comparable({ ...others, parts: parsed.parts.map(withoutPlace) }));
  });
});

function withoutPlace(part: NeutralResponse['parts'][number]): NeutralResponse['parts'][number] {
  if (part.type !== 'reasoning' || !part.signature?.includes('"in_content":true')) return part;
  const { signature: _, ...rest } = part;
  return rest;
}

const failures = recordings('openai-responses', { status: 'error' });

describe.each(failures.map((recording) => [recording.id, recording] as const))('%s', (_, recording) => {
  const text = new TextDecoder().decode(recording.body);
  const error = provider.parseError({ status: recording.status, headers: new Headers(), body: text });
  const said = asObject(answerObject(recording).error) ?? {};

  test('is an error of its kind', () => {
    const isTooLong = said.code === 'context_length_exceeded';
    const expected =
      recording.status === 401
        ? 'upstream_unauthorized'
        : isTooLong
          ? 'context_too_long'
          : 'upstream_rejected';
    expect(error.code).toBe(expected);
    expect(error.status).toBe(recording.status);
    expect(error.reason?.code).toBe(asString(said.code) ?? '');
  });

  test('keeps what the provider sent', () => {
    expect(error.message).toContain(String(said.message));
    const param = said.param ?? null;
    expect(client.buildError(error, 'req1')).toMatchObject({
      error: { message: error.message, param, code: said.code ?? null },
    });
  });

  test('is no answer', () => {
    expect(provider.errorInBody(answerObject(recording))).toBeDefined();
    expect(() => provider.parseResponse(answerObject(recording))).toThrow();
  });
});
