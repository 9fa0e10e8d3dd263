// Conversations that other servers take and Mistral refuses, built from another dialect or written by a client.
import { expect, test } from 'bun:test';
import type { Message } from '../../src/model/request.ts';
import { build, pass } from './row-lab.ts';

const CALL = { id: 'call_abc', type: 'function', function: { name: 'f', arguments: '{}' } };
const FITTED = /^[a-zA-Z0-9]{9}$/;

function passMessages(...messages: object[]) {
  const { body, lost } = pass('mistral', JSON.parse(JSON.stringify({ model: 'm', messages })));
  return { messages: body.messages, lost };
}

test('ids of calls that another server gave are fitted, the same for call and result', () => {
  const { messages, lost } = passMessages(
    { role: 'user', content: 'q' },
    { role: 'assistant', content: null, tool_calls: [CALL, { ...CALL, id: 'aB3dE6gH9' }] },
    { role: 'tool', tool_call_id: 'call_abc', content: 'r' },
    { role: 'tool', tool_call_id: 'aB3dE6gH9', content: 's' },
  );
  const id = expect.stringMatching(FITTED);
  expect(messages).toEqual([
    { role: 'user', content: 'q' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { ...CALL, id },
        { ...CALL, id: 'aB3dE6gH9' },
      ],
    },
    { role: 'tool', tool_call_id: id, content: 'r' },
    { role: 'tool', tool_call_id: 'aB3dE6gH9', content: 's' },
  ]);
  const [, turn, result] = messages as { tool_calls: { id: string }[]; tool_call_id: string }[];
  expect(turn?.tool_calls[0]?.id).toBe(result?.tool_call_id ?? '');
  expect(lost).toEqual([]);
});

test('a user turn straight behind a result gets an answer between', () => {
  const messages: Message[] = [
    { role: 'user', parts: [{ type: 'text', text: 'q' }] },
    {
      role: 'assistant',
      parts: [{ type: 'tool-call', id: 'aB3dE6gH9', name: 'f', arguments: '{}', kind: 'function' }],
    },
    {
      role: 'user',
      parts: [
        { type: 'tool-result', callId: 'aB3dE6gH9', content: [{ type: 'text', text: 'r' }] },
        { type: 'text', text: 'and now?' },
      ],
    },
  ];
  const { body, lost } = build('mistral', { messages });
  expect(body.messages).toMatchObject([
    { role: 'user' },
    { role: 'assistant' },
    { role: 'tool', content: 'r' },
    { role: 'assistant', content: 'OK.' },
    { role: 'user', content: 'and now?' },
  ]);
  expect(lost).toEqual(['approximated messages']);
});

test('an instruction after a turn of the model, or at the end, becomes user text', () => {
  const { messages, lost } = passMessages(
    { role: 'system', content: 'a' },
    { role: 'user', content: 'q' },
    { role: 'system', content: 'b' },
    { role: 'assistant', content: 'x' },
    { role: 'system', content: 'c' },
    { role: 'assistant', content: 'y' },
    { role: 'user', content: 'r' },
    { role: 'system', content: 'd' },
  );
  const roles = (messages as { role: string }[]).map(({ role }) => role);
  expect(roles).toEqual(['system', 'user', 'system', 'assistant', 'user', 'assistant', 'user', 'user']);
  expect(lost).toEqual(['messages.system']);
});

test('a last turn of the model is a prefix, an empty one is left out', () => {
  const { messages, lost } = passMessages(
    { role: 'user', content: 'q' },
    { role: 'assistant', content: '' },
    { role: 'assistant', content: '{"a":' },
  );
  expect(messages).toEqual([
    { role: 'user', content: 'q' },
    { role: 'assistant', content: '{"a":', prefix: true },
  ]);
  expect(lost).toEqual(['messages.prefill']);
});

test('what is in order passes untouched', () => {
  const body = {
    model: 'm',
    messages: [
      { role: 'system', content: 's' },
      { role: 'assistant', content: 'hello' },
      { role: 'user', content: 'q' },
    ],
  };
  expect(pass('mistral', body)).toEqual({ body, lost: [] });
});
