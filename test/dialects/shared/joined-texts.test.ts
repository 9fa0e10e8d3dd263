// Separate texts of an answer, for clients whose form has only one: a gap keeps the last word and the next apart.
import { expect, test } from 'bun:test';
import type { AnswerContext } from '../../../src/dialects/dialect.ts';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import type { Part, TextPart } from '../../../src/model/content.ts';
import { asArray, asObject, type JsonObject } from '../../../src/model/json/json.ts';
import { responseToEvents } from '../../../src/model/replay.ts';
import type { NeutralResponse } from '../../../src/model/response.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import { readEvents } from '../../support/read-events.ts';

const CONTEXT: AnswerContext = { requestId: 'r', model: 'm', created: 1, includeUsage: false };

function answerOf(parts: Part[]): NeutralResponse {
  return { id: 'r', model: 'm', parts, finish: { unified: 'end_turn', raw: null }, usage: NO_USAGE };
}

/** What a piece or the whole of an answer says. */
function messageIn(body: JsonObject): JsonObject {
  const choice = asObject(asArray(body.choices)?.[0]) ?? body;
  return asObject(choice.delta ?? choice.message) ?? {};
}

function toldBy(client: 'openai-chat' | 'ollama-chat', parts: Part[]): { streamed: string; whole: unknown } {
  const { createStreamEncoder, buildResponse } = DIALECTS[client].client;
  const encoder = createStreamEncoder(CONTEXT);
  const wire = responseToEvents(answerOf(parts))
    .map((event) => encoder.encode(event))
    .join('');
  const pieces =
    client === 'ollama-chat'
      ? wire.split('\n').filter((line) => line !== '')
      : readEvents(new TextEncoder().encode(wire)).flatMap(({ data }) => (data === '[DONE]' ? [] : [data]));
  return {
    streamed: pieces.map((piece) => messageIn(JSON.parse(piece) as JsonObject).content ?? '').join(''),
    whole: messageIn(buildResponse(answerOf(parts), CONTEXT)).content,
  };
}

const text = (said: string, more: Partial<TextPart> = {}): Part => ({ type: 'text', text: said, ...more });
const search: Part = { type: 'tool-call', id: 's', name: 'web_search', arguments: '{}', kind: 'server' };
const thought: Part = { type: 'reasoning', text: 'Hm.' };
const signature: Part = { type: 'reasoning', text: '', signature: ownToken('gemini', 'abc') };
/** Of Claude, which signs thoughts alone, also at Amazon. */
const hidden: Part = { type: 'reasoning', text: '', signature: ownToken('anthropic-messages', 'abc') };
const atAmazon: Part = { type: 'reasoning', text: '', signature: ownToken('bedrock-converse', 'abc') };

test.each<[string, string, Part[]]>([
  ['behind a search', 'I look.\n\nIt rains.', [text('I look.'), search, text('It rains.')]],
  ['behind thoughts', 'I look.\n\nIt rains.', [thought, text('I look.'), thought, text('It rains.')]],
  [
    'behind thoughts that are not shown',
    'I look.\n\nIt rains.',
    [text('I look.'), hidden, text('It rains.')],
  ],
  ['behind those at Amazon', 'I look.\n\nIt rains.', [text('I look.'), atAmazon, text('It rains.')]],
  ['in another message', 'I look.\n\nIt rains.', [text('I look.'), text('It rains.', { message: {} })]],
  ['directly behind', 'I look.It rains.', [text('I look.'), text('It rains.')]],
  ['behind white space', 'I look:\nIt rains.', [text('I look:\n'), search, text('It rains.')]],
  ['with white space', 'I look. It rains.', [text('I look.'), search, text(' It rains.')]],
  ['in the midst of a word', 'I looked.', [text('I look'), search, text('ed.')]],
  // Gemini signs the first piece of a text, too.
  ['behind its signature', '{"a":"B 3"}', [text('{"a":"'), signature, text('B '), signature, text('3"}')]],
  ['behind a search and a signature', 'I.\n\nIt.', [text('I.'), search, signature, text('It.')]],
  ['behind a signature and a search', 'I.\n\nIt.', [text('I.'), signature, search, text('It.')]],
  ['behind nothing', 'It rains.', [text(''), search, text('It rains.')]],
])('a text %s: %j', (_, said, parts) => {
  for (const client of ['openai-chat', 'ollama-chat'] as const)
    expect(toldBy(client, parts)).toEqual({ streamed: said, whole: said });
});

const result: Part = {
  type: 'server-tool-result',
  callId: 's',
  dialect: 'anthropic-messages',
  value: {},
};

/** The texts that an answer of Gemini's or of Responses consists of, in the stream and whole. */
function textsOf(client: 'gemini' | 'openai-responses', parts: Part[]) {
  const { createStreamEncoder, buildResponse } = DIALECTS[client].client;
  const encoder = createStreamEncoder(CONTEXT);
  const wire = responseToEvents(answerOf(parts)).map((event) => encoder.encode(event));
  const sent = readEvents(new TextEncoder().encode(wire.join(''))).map(
    ({ data }) => JSON.parse(data) as JsonObject,
  );
  const textIn = (body: JsonObject) =>
    asArray(asObject(asObject(asArray(body.candidates)?.[0])?.content)?.parts)
      ?.flatMap((part) => (asObject(part)?.thought === true ? [] : [asObject(part)?.text ?? '']))
      .join('');
  const itemsIn = (body: JsonObject) =>
    asArray(body.output)
      ?.flatMap((item) =>
        asObject(item)?.type === 'message' ? [asArray(asObject(item)?.content) ?? []] : [],
      )
      .map((content) => content.map((part) => asObject(part)?.text ?? '').join(''))
      .join('|');
  const whole = buildResponse(answerOf(parts), CONTEXT);
  if (client === 'gemini') return { streamed: sent.map(textIn).join(''), whole: textIn(whole) };
  const deltas = sent.map(({ type, delta }) => (type === 'response.output_text.delta' ? delta : '')).join('');
  const done = itemsIn(asObject(sent.at(-1)?.response) ?? {});
  expect(deltas).toBe(done?.replaceAll('|', '') ?? '');
  return { streamed: done, whole: itemsIn(whole) };
}

// Google's SDKs and OpenAI's join the texts of an answer without anything between them.
test.each<[string, string, string, Part[]]>([
  ['a search', 'I.\n\nIt.', 'I.\n\nIt.', [text('I.'), { ...search, name: 'code' }, text('It.')]],
  ['a result', 'I.\n\nIt.', 'I.\n\nIt.', [text('I.'), result, text('It.')]],
  ['the end of a message', 'I.\n\nIt.', 'I.|It.', [text('I.'), text('It.', { message: {} })]],
  ['thoughts, which are shown', 'I.It.', 'I.|It.', [text('I.'), thought, text('It.')]],
  ['nothing', 'I.It.', 'I.It.', [text('I.'), text('It.')]],
  ['a result, in the midst of a word', 'Its.', 'Its.', [text('It'), result, text('s.')]],
])('a text behind %s for clients of Gemini (%j) and of Responses (%j)', (_, gemini, responses, parts) => {
  expect(textsOf('gemini', parts)).toEqual({ streamed: gemini, whole: gemini });
  expect(textsOf('openai-responses', parts)).toEqual({ streamed: responses, whole: responses });
});

test('what a text cites is where it stands behind the gap', () => {
  const citation = { kind: 'url', url: 'https://a.test', start: 0, end: 2 } as const;
  const parts = [text('I look.'), search, text('It rains.', { citations: [citation] })];
  const { createStreamEncoder, buildResponse } = DIALECTS['openai-chat'].client;
  const encoder = createStreamEncoder(CONTEXT);
  const wire = responseToEvents(answerOf(parts)).map((event) => encoder.encode(event));
  const annotations = [{ url_citation: { start_index: 9, end_index: 11 } }];
  expect(messageIn(buildResponse(answerOf(parts), CONTEXT))).toMatchObject({ annotations });
  const sent = readEvents(new TextEncoder().encode(wire.join(''))).map(({ data }) => data);
  const cited = sent.find((data) => data.includes('annotations'));
  expect(messageIn(JSON.parse(cited ?? '{}') as JsonObject)).toMatchObject({ annotations });
});
