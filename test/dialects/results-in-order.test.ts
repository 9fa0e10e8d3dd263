// Results of tools are sent in the order of their calls.
import { expect, test } from 'bun:test';
import { callPlaces, resultsInOrder } from '../../src/dialects/shared/tools/results-in-order.ts';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { Part } from '../../src/model/content.ts';
import type { Message, NeutralRequest } from '../../src/model/request.ts';

const result = (callId: string): Part => ({ type: 'tool-result', callId, content: [] });
const call = (id: string): Part => ({ type: 'tool-call', id, name: 'f', arguments: '{}', kind: 'function' });
const text: Part = { type: 'text', text: 'and now?' };

test('results first, those of no call behind the others, of calls with one id by the first', () => {
  const parts = [result('none'), text, result('c'), result('b'), result('a')];
  const ordered = [result('a'), result('b'), result('c'), result('none'), text];
  expect(resultsInOrder(parts, callPlaces(['a', 'b', 'c', 'a'].map(call)))).toEqual(ordered);
});

test('of many calls they take no time out of proportion to their number', () => {
  // With a search through all calls for each result, it would take minutes.
  const calls = Array.from({ length: 100_000 }, (_, index) => `call_${index}`);
  const ordered = resultsInOrder(calls.map(result).toReversed(), callPlaces(calls.map(call)));
  expect(ordered).toEqual(calls.map(result));
});

test.each(['openai-chat', 'ollama-chat'] as const)('of many turns that each bring one neither: %s', (id) => {
  // With all calls looked through for each turn, it would take minutes.
  const calls = Array.from({ length: 30_000 }, (_, index) => `call_${index}`);
  const request: NeutralRequest = {
    model: 'm',
    stream: true,
    system: [],
    messages: [
      { role: 'assistant', parts: calls.map(call) },
      ...calls.map((each): Message => ({ role: 'user', parts: [result(each), text] })),
    ],
    tools: [],
  };
  const { body } = PROVIDER_SIDES[id].buildRequest(request, { model: 'm', quirks: {} });
  expect(body.messages).toBeArrayOfSize(2 * calls.length + 1);
});
