// Whole answers for clients of this dialect.
import { expect, test } from 'bun:test';
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts';
import type { Part } from '../../../src/model/content.ts';
import { asArray, type JsonObject } from '../../../src/model/json/json.ts';
import { responseToEvents } from '../../../src/model/replay.ts';
import type { NeutralResponse } from '../../../src/model/response.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { CONTEXT, encode, payloads } from './events.ts';

function contents(...parts: Part[]): JsonObject[][] {
  const finish = { unified: 'end_turn', raw: null } as const;
  const response = { id: 'resp_up', model: 'm', parts, finish, usage: NO_USAGE };
  const { output } = openaiResponses.client.buildResponse(response, CONTEXT);
  return (asArray(output) as JsonObject[]).map(({ content }) => asArray(content) as JsonObject[]);
}

const annotation = (start_index: number, end_index: number) => ({
  type: 'url_citation',
  start_index,
  end_index,
  url: 'https://a.test',
  title: 'https://a.test',
});

test('texts of which only some cite are one, as OpenAI’s models say them, with each citation at its place', () => {
  const source = { kind: 'url', url: 'https://a.test' } as const;
  const said = contents(
    { type: 'text', text: 'It says: ' },
    { type: 'text', text: 'rain', citations: [source] },
    { type: 'text', text: ' and ' },
    { type: 'text', text: 'more rain', citations: [{ ...source, start: 5, end: 9 }] },
    { type: 'text', text: '.' },
  );
  const annotations = [annotation(9, 13), annotation(23, 27)];
  expect(said).toEqual([
    [{ type: 'output_text', text: 'It says: rain and more rain.', annotations, logprobs: [] }],
  ]);
});

test('a refusal, and texts of this dialect’s own, to whose beginnings their annotations refer, stay apart', () => {
  const extension = { dialect: 'openai-responses', fields: annotation(0, 1) } as const;
  const said = contents(
    { type: 'text', text: 'a', citations: [{ kind: 'url', url: 'https://a.test', extension }] },
    { type: 'text', text: 'b' },
    { type: 'refusal', text: 'no' },
    { type: 'text', text: 'c' },
  );
  expect(said[0]?.map(({ text, refusal }) => text ?? refusal)).toEqual(['a', 'b', 'no', 'c']);
});

test('an answer that is cut off ends with a message that is, in both forms, whatever without an item comes behind it', () => {
  const result: Part = {
    type: 'server-tool-result',
    callId: 'c',
    dialect: 'anthropic-messages',
    value: {},
  };
  const answer: NeutralResponse = {
    id: 'resp_up',
    model: 'm',
    parts: [{ type: 'text', text: 'It is' }, result],
    finish: { unified: 'max_tokens', raw: null },
    usage: NO_USAGE,
  };
  const cut = [{ type: 'message', status: 'incomplete' }];
  expect(openaiResponses.client.buildResponse(answer, CONTEXT)).toMatchObject({ output: cut });
  expect(payloads(encode(responseToEvents(answer))).at(-1)?.response).toMatchObject({ output: cut });
});
