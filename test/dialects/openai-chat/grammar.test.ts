// The grammar checker finds what it is there to find, and nothing in OpenAI's own streams.
import { describe, expect, test } from 'bun:test';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { recordings } from '../../support/recordings.ts';
import { sseEvents } from './events.ts';

function check(...chunks: (JsonObject | string)[]): string[] {
  const checker = openaiChat.createGrammarChecker();
  for (const chunk of chunks) {
    checker.check({ event: '', data: typeof chunk === 'string' ? chunk : JSON.stringify(chunk) });
  }
  return checker.end();
}

function chunk(delta: JsonObject, finishReason: string | null = null, extra: JsonObject = {}): JsonObject {
  return { id: 'c1', model: 'm', choices: [{ index: 0, delta, finish_reason: finishReason }], ...extra };
}

const ROLE = chunk({ role: 'assistant', content: '' });
const STOP = chunk({}, 'stop');
const CALL = chunk({
  tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }],
});
const argumentsOf = (text: string, index = 0) =>
  chunk({ tool_calls: [{ index, function: { arguments: text } }] });

describe.each(['openai', 'azure'])('streams of %s', (provider) => {
  test('have no violations', () => {
    for (const recording of recordings('openai-chat', { streamed: true, provider })) {
      const checker = openaiChat.createGrammarChecker();
      for (const event of sseEvents(recording.body)) checker.check(event);
      expect([recording.id, ...checker.end()]).toEqual([recording.id]);
    }
  });
});

test('a proper stream passes, and its summary says how it ended', () => {
  const usage = { id: 'c1', choices: [], usage: { prompt_tokens: 2, completion_tokens: 1 } };
  expect(check(ROLE, chunk({ content: 'a' }), STOP, usage, '[DONE]')).toEqual([]);
  const checker = openaiChat.createGrammarChecker();
  for (const each of [ROLE, STOP, usage]) checker.check({ event: '', data: JSON.stringify(each) });
  expect(checker.summary()).toEqual({ finish: 'stop', usage: { inputTokens: 2, outputTokens: 1 } });
});

test('an error as last event passes', () => {
  expect(check(ROLE, { error: { message: 'boom' } })).toEqual([]);
});

test.each<[string, (JsonObject | string)[]]>([
  ['not a JSON object', [ROLE, '{"id":', STOP, '[DONE]']],
  ['an event after [DONE]', [ROLE, STOP, '[DONE]', '[DONE]']],
  ['[DONE] after an error', [ROLE, { error: { message: 'boom' } }, '[DONE]']],
  ['an event after an error', [ROLE, { error: { message: 'boom' } }, STOP]],
  ['an error without message', [ROLE, { error: {} }]],
  ['without [DONE]', [ROLE, STOP]],
  ['has no finish_reason', [ROLE, '[DONE]']],
  ['finishes twice', [ROLE, STOP, STOP, '[DONE]']],
  ['continues after finish_reason', [ROLE, STOP, chunk({ content: 'a' }), '[DONE]']],
  ['does not begin with the role', [chunk({ content: 'a' }), STOP, '[DONE]']],
  ['the id changes', [ROLE, { ...STOP, id: 'c2' }, '[DONE]']],
  ['a chunk without id', [ROLE, { ...STOP, id: '' }, '[DONE]']],
  ['a chunk without model', [ROLE, { ...STOP, model: null }, '[DONE]']],
  ['a chunk without choices', [ROLE, { id: 'c1' }, STOP, '[DONE]']],
  ['has no choice', [{ id: 'c1', choices: [] }, '[DONE]']],
  ['tool index 1 after 0 calls', [ROLE, argumentsOf('{}', 1), STOP, '[DONE]']],
  ['begins without id', [ROLE, argumentsOf('{}'), STOP, '[DONE]']],
  ['begins without name', [ROLE, argumentsOf('{}'), STOP, '[DONE]']],
  ['are not JSON', [ROLE, CALL, argumentsOf('{"x":'), STOP, '[DONE]']],
  ['a tool call without index', [ROLE, chunk({ tool_calls: [{ id: 'a' }] }), STOP, '[DONE]']],
  [
    'is used twice',
    [
      ROLE,
      CALL,
      chunk({ tool_calls: [{ index: 1, id: 'a', function: { name: 'g', arguments: '{}' } }] }),
      STOP,
      '[DONE]',
    ],
  ],
])('finds: %s', (problem, chunks) => {
  expect(check(...chunks).join('\n')).toContain(problem);
});
