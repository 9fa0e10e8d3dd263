// Images, sealed thinking and audio that a provider streams in pieces: each is base64 of its own, however many bytes it has.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { joinBase64 } from '../../src/dialects/shared/media/join-base64.ts';
import type { Part } from '../../src/model/content.ts';
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { ownToken } from '../../src/model/opaque-token.ts';
import { createResponseCollector } from '../../src/model/replay.ts';

/** One byte, two, three: each ends its base64 in another way. */
const PIECES = ['YQ==', 'YmM=', 'ZGVm', 'Zw=='];
const WHOLE = btoa('abcdefg');

function read(wire: ProviderDialectId, events: readonly (readonly [event: string, data: JsonObject])[]) {
  const collector = createResponseCollector();
  const decoder = PROVIDER_SIDES[wire].createStreamDecoder(collector);
  for (const [event, data] of events) decoder.decode({ event, data: JSON.stringify(data) });
  decoder.end();
  return collector.response();
}

function converse(start: JsonObject | undefined, deltas: JsonObject[]) {
  return read('bedrock-converse', [
    ['messageStart', { role: 'assistant' }],
    ...(start === undefined ? [] : [['contentBlockStart', { contentBlockIndex: 0, start }] as const]),
    ...deltas.map((delta) => ['contentBlockDelta', { contentBlockIndex: 0, delta }] as const),
    ['contentBlockStop', { contentBlockIndex: 0 }],
    ['messageStop', { stopReason: 'end_turn' }],
  ]);
}

const IMAGE = { image: { format: 'png' } };

test('an image of Converse', () => {
  const { parts } = converse(
    IMAGE,
    PIECES.map((bytes) => ({ image: { source: { bytes } } })),
  );
  expect(parts).toEqual([
    { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: WHOLE } },
  ] satisfies Part[]);
});

test('an image of Converse that could not be made is named', () => {
  const { extension } = converse(IMAGE, [{ image: { error: { message: 'no' } } }]);
  expect(extension).toMatchObject({ dialect: 'bedrock-converse', fields: { image: {} } });
});

test('thinking that Converse seals', () => {
  const { parts } = converse(
    undefined,
    PIECES.map((redactedContent) => ({ reasoningContent: { redactedContent } })),
  );
  expect(parts).toEqual([
    { type: 'reasoning', text: '', redacted: ownToken('bedrock-converse', WHOLE) },
  ] satisfies Part[]);
});

test('audio of Chat Completions', () => {
  const chunk = (delta: JsonObject, finish: string | null = null): readonly [string, JsonObject] => [
    '',
    { id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] },
  ];
  const { parts } = read('openai-chat', [
    ...PIECES.map((data) => chunk({ audio: { id: 'a', data } })),
    chunk({}, 'stop'),
  ]);
  expect(parts).toMatchObject([{ type: 'audio', source: { kind: 'base64', data: WHOLE } }]);
});

describe('what is no base64 stays as it came', () => {
  test.each([
    ['YQ==', '!', 'YQ==!'],
    ['=', 'YQ==', '=YQ=='],
    ['YQ==', '', 'YQ=='],
    ['', 'YQ==', 'YQ=='],
  ])('%p and %p', (known, piece, joined) => {
    expect(joinBase64(known, piece)).toBe(joined);
  });
});
