// Answers of earlier turns as clients send them back, also where another provider gave them: what one of the servers refuses
// to read again stays behind, what another insists on stands there.
import { describe, expect, test } from 'bun:test';
import type { JsonObject } from '../../src/model/json/json.ts';
import type { Message } from '../../src/model/request.ts';
import { build, pass } from './row-lab.ts';

const CALL = { id: 'aB3dE6gH9', type: 'function', function: { name: 'f', arguments: '{}' } };
const RESULT = { role: 'tool', tool_call_id: CALL.id, content: 'r' };
const ASK = { role: 'user', content: 'q' };

function passed(kind: string, model: string, messages: object[], fields: JsonObject = {}) {
  const { body, lost } = pass(kind, JSON.parse(JSON.stringify({ model, messages, ...fields })));
  return { messages: body.messages, lost };
}

describe('servers that refuse fields they do not know', () => {
  const turn = { role: 'assistant', content: 'a', tool_calls: [CALL] };
  const echo = { refusal: null, annotations: [], audio: null, reasoning_content: 'hm' };

  test.each([
    ['mistral', 'mistral-medium-2508'],
    ['groq', 'openai/gpt-oss-120b'],
    ['cerebras', 'gpt-oss-120b'],
  ])('%s gets none of them', (kind, model) => {
    const { messages, lost } = passed(kind, model, [ASK, { ...turn, ...echo, metadata: { a: 1 } }, RESULT]);
    expect(messages).toEqual([ASK, turn, RESULT]);
    expect(lost).toEqual(['messages.reasoning_content', 'messages.metadata']);
  });

  test.each([
    ['groq', 'openai/gpt-oss-120b', true],
    ['groq', 'llama-3.3-70b-versatile', false],
    ['cerebras', 'zai-glm-4.7', true],
    ['cerebras', 'llama3.1-8b', false],
    ['mistral', 'magistral-medium-latest', false],
  ])('%s: thinking goes back to %s: %s', (kind, model, goes) => {
    const { messages, lost } = passed(kind, model, [ASK, { ...turn, reasoning: 'hm' }, RESULT]);
    expect(messages).toEqual([ASK, goes ? { ...turn, reasoning: 'hm' } : turn, RESULT]);
    expect(lost).toEqual(goes ? [] : ['messages.reasoning']);
  });

  test('a refusal is sent as text there, and where a turn of it alone would be empty', () => {
    const refused = { role: 'assistant', content: null, refusal: 'No.' };
    const sentTurn = { role: 'assistant', content: 'No.' };
    for (const kind of ['groq', 'deepseek', 'moonshot', 'xai'])
      expect(passed(kind, 'm', [ASK, refused, ASK])).toEqual({
        messages: [ASK, sentTurn, ASK],
        lost: ['refusal'],
      });
    const history: Message[] = [
      { role: 'user', parts: [{ type: 'text', text: 'q' }] },
      { role: 'assistant', parts: [{ type: 'refusal', text: 'No.' }] },
      { role: 'user', parts: [{ type: 'text', text: 'q' }] },
    ];
    expect(build('groq', { messages: history })).toMatchObject({
      body: { messages: [ASK, sentTurn, ASK] },
      lost: ['approximated refusal'],
    });
    expect(build('openai', { messages: history }, 'gpt-4.1')).toMatchObject({
      body: { messages: [ASK, refused, ASK] },
      lost: [],
    });
  });

  test('all others get what the client sent', () => {
    const messages = [ASK, { ...turn, ...echo }, RESULT];
    expect(passed('xai', 'grok-4.3', messages)).toEqual({ messages, lost: [] });
  });
});

describe('servers that refuse calls without the thinking that led to them', () => {
  const calls = { role: 'assistant', content: null, tool_calls: [CALL] };
  const answer = { role: 'assistant', content: 'a' };
  const history = [ASK, answer, ASK, calls, RESULT, answer, ASK];
  const stand = { reasoning_content: '.' };
  const whole = [ASK, answer, ASK, { ...calls, ...stand }, RESULT, { ...answer, ...stand }, ASK];

  test.each([
    ['deepseek', 'deepseek-v4-pro'],
    ['deepseek', 'deepseek-reasoner'],
    ['moonshot', 'kimi-k2.6'],
    ['moonshot', 'kimi-k3'],
  ])('%s: %s gets a stand-in where none is known', (kind, model) => {
    expect(passed(kind, model, history)).toEqual({ messages: whole, lost: ['reasoning'] });
    const known = { ...calls, reasoning_content: 'hm' };
    expect(passed(kind, model, [ASK, known, RESULT])).toEqual({ messages: [ASK, known, RESULT], lost: [] });
  });

  test.each([
    ['deepseek', 'deepseek-v4-pro', { thinking: { type: 'disabled' } }],
    ['deepseek', 'deepseek-chat', {}],
    ['moonshot', 'kimi-k2.5', { thinking: { type: 'disabled' } }],
    ['moonshot', 'kimi-latest', {}],
    ['glm', 'glm-4.7', {}],
  ])('not %s: %s where it does not think: %j', (kind, model, fields) => {
    expect(passed(kind, model, history, fields)).toEqual({ messages: history, lost: [] });
  });

  test('text in a message of its own before the calls needs one too', () => {
    const messages = [ASK, answer, calls, RESULT];
    expect(passed('deepseek', 'deepseek-v4-pro', messages).messages).toEqual([
      ASK,
      { ...answer, ...stand },
      { ...calls, ...stand },
      RESULT,
    ]);
  });

  test('a model that is kept from thinking by a forced call needs none', () => {
    const fields = { tool_choice: 'required', tools: [{ type: 'function', function: { name: 'f' } }] };
    expect(passed('deepseek', 'deepseek-v4-pro', history, fields).messages).toEqual(history);
  });

  test('the history of another vendor’s model, which keeps its thinking to itself', () => {
    const messages: Message[] = [
      { role: 'user', parts: [{ type: 'text', text: 'q' }] },
      {
        role: 'assistant',
        parts: [{ type: 'tool-call', id: 'c', name: 'f', arguments: '{}', kind: 'function' }],
      },
      { role: 'user', parts: [{ type: 'tool-result', callId: 'c', content: [] }] },
    ];
    const { body, lost } = build('deepseek', { messages }, 'deepseek-v4-pro');
    expect(body.messages).toMatchObject([{}, { role: 'assistant', ...stand }, {}]);
    expect(lost).toEqual(['approximated reasoning']);
  });
});
