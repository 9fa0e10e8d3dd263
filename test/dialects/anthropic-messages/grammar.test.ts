// The checker finds each way to break the order.
import { expect, test } from 'bun:test';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import type { SseEvent } from '../../../src/sse/event.ts';
import { violations, wire } from './streams.ts';

const USAGE = {
  input_tokens: 1,
  output_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
};
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: USAGE,
};
const HEAD = { type: 'message_start', message: MESSAGE };
const start = (index: number, type = 'text') => ({
  type: 'content_block_start',
  index,
  content_block: { type },
});
const delta = (index: number, type = 'text_delta', fields: JsonObject = {}) => ({
  type: 'content_block_delta',
  index,
  delta: { type, ...fields },
});
const stop = (index: number) => ({ type: 'content_block_stop', index });
const end = (reason = 'end_turn') => ({
  type: 'message_delta',
  delta: { stop_reason: reason },
  usage: { output_tokens: 4 },
});
const STOP = { type: 'message_stop' };
const PING = { type: 'ping' };
const ERROR = { type: 'error', error: { type: 'api_error', message: 'm' } };

const GOOD: [string, JsonObject[]][] = [
  ['a message', [HEAD, start(0), delta(0), stop(0), start(1), stop(1), end(), STOP]],
  ['pings anywhere', [PING, HEAD, PING, start(0), PING, stop(0), end(), PING, STOP, PING]],
  ['an error first', [ERROR]],
  ['an error in a block', [HEAD, start(0), ERROR]],
  [
    'blocks and events that nobody knows',
    [HEAD, start(0, 'new'), delta(0, 'new_delta'), stop(0), { type: 'x' }, end(), STOP],
  ],
  [
    'a call cut short by max_tokens',
    [
      HEAD,
      start(0, 'tool_use'),
      delta(0, 'input_json_delta', { partial_json: '{"a' }),
      end('max_tokens'),
      STOP,
    ],
  ],
];
test.each(GOOD)('allowed: %s', (_, events) => {
  expect(violations(wire(...events))).toEqual([]);
});

const { usage: _, ...NO_USAGE_MESSAGE } = MESSAGE;
const BAD: [string, JsonObject[]][] = [
  ['"content_block_start" before message_start', [start(0), HEAD, stop(0), end(), STOP]],
  ['a second message_start', [HEAD, HEAD, end(), STOP]],
  ['message_start lacks usage', [{ type: 'message_start', message: NO_USAGE_MESSAGE }, end(), STOP]],
  [
    'message_start lacks usage.input_tokens',
    [
      { type: 'message_start', message: { ...MESSAGE, usage: { ...USAGE, input_tokens: null } } },
      end(),
      STOP,
    ],
  ],
  ['block 1 where 0 comes next', [HEAD, start(1), stop(1), end(), STOP]],
  ['block 0 where 1 comes next', [HEAD, start(0), stop(0), start(0), stop(0), end(), STOP]],
  ['block 1 starts while another is open', [HEAD, start(0), start(1), stop(1), end(), STOP]],
  ['a delta for block 0, which is not open', [HEAD, delta(0), end(), STOP]],
  ['a delta for block 1, which is not open', [HEAD, start(0), delta(1), stop(0), end(), STOP]],
  ['a stop for block 0, which is not open', [HEAD, start(0), stop(0), stop(0), end(), STOP]],
  [
    'a thinking_delta in a block of type text',
    [HEAD, start(0), delta(0, 'thinking_delta'), stop(0), end(), STOP],
  ],
  [
    'a text_delta in a block of type web_search_tool_result',
    [HEAD, start(0, 'web_search_tool_result'), delta(0), stop(0), end(), STOP],
  ],
  [
    'the input of a tool_use is not a JSON object',
    [
      HEAD,
      start(0, 'tool_use'),
      delta(0, 'input_json_delta', { partial_json: '{"a' }),
      stop(0),
      end('tool_use'),
      STOP,
    ],
  ],
  ['message_delta while a block is open', [HEAD, start(0), end(), STOP]],
  ['a block after message_delta', [HEAD, end(), start(0), stop(0), STOP]],
  ['message_stop without message_delta', [HEAD, STOP]],
  ['message_stop without a stop_reason', [HEAD, { type: 'message_delta', delta: {} }, STOP]],
  ['"message_stop" after the end', [HEAD, end(), STOP, STOP]],
  ['"error" after the end', [HEAD, end(), STOP, ERROR]],
  ['"message_stop" after the end', [HEAD, ERROR, STOP]],
  ['an error without type and message', [{ type: 'error', error: {} }]],
  ['the stream ends without message_stop or error', [HEAD, start(0)]],
  ['the stream ends without message_stop or error', []],
];
test.each(BAD)('%s', (violation, events) => {
  expect(violations(wire(...events))).toContain(violation);
});

test('what only the frame shows', () => {
  const tail = wire(HEAD, end(), STOP);
  const check = (event: SseEvent) => violations([event, ...tail]);
  expect(check({ event: '', data: '[DONE]' })).toEqual(['[DONE] is not part of this dialect']);
  expect(check({ event: 'ping', data: '{' })).toEqual(['event "ping" holds no JSON object']);
  expect(check({ event: '', data: '{"type":"ping"}' })).toEqual(['event "" holds data of type "ping"']);
});

test('the summary has the finish reason and the usage', () => {
  const checker = anthropicMessages.createGrammarChecker();
  for (const event of wire(HEAD, end('max_tokens'), STOP)) checker.check(event);
  expect(checker.summary()).toEqual({
    finish: 'max_tokens',
    usage: { inputTokens: 1, outputTokens: 4, cacheReadTokens: 0, cacheWriteTokens: 0 },
  });
});

test('a failed stream has no finish', () => {
  const checker = anthropicMessages.createGrammarChecker();
  for (const event of wire(HEAD, end(), ERROR)) checker.check(event);
  expect(checker.summary().finish).toBeNull();
});
