// One id for all turns of a conversation, another for another conversation.
import { expect, test } from 'bun:test';
import type { Message, NeutralRequest } from '../../src/model/request.ts';
import { conversationOf } from '../../src/routing/conversation.ts';

const said = (role: Message['role'], text: string): Message => ({ role, parts: [{ type: 'text', text }] });

function ask(messages: Message[], system = 'Be brief.'): NeutralRequest {
  return { model: 'm', stream: true, system: [{ type: 'text', text: system }], tools: [], messages };
}

const FIRST = said('user', 'How do I list files?');

test('every turn of a conversation has its id', () => {
  const id = conversationOf(ask([FIRST]));
  expect(id).toMatch(/^[0-9a-f]{16}$/);
  expect(conversationOf(ask([FIRST, said('assistant', 'ls'), said('user', 'And hidden ones?')]))).toBe(id);
});

test('another beginning is another conversation', () => {
  const ids = [
    ask([FIRST]),
    ask([said('user', 'How do I list folders?')]),
    ask([FIRST], 'Be polite.'),
    ask([said('user', `${'x'.repeat(5_000)}1`)]),
    ask([said('user', `${'x'.repeat(5_000)}12`)]),
  ].map(conversationOf);
  expect(new Set(ids).size).toBe(ids.length);
});

test('a line at the top of the system prompt that changes with each request does not count', () => {
  const prompt = 'You write code. '.repeat(200);
  const ids = ['request: 0f1a', 'request: 93bc'].map((line) =>
    conversationOf(ask([FIRST], `${line}\n${prompt}`)),
  );
  expect(ids[0]).toBe(ids[1] ?? '');
});

test('without a user message there is no conversation to recognise', () => {
  expect(conversationOf(ask([]))).toBeNull();
  expect(conversationOf(ask([said('user', ' '), said('assistant', 'Hello')]))).toBeNull();
  const image: Message = {
    role: 'user',
    parts: [{ type: 'image', source: { kind: 'url', url: 'https://a.test/b.png' } }],
  };
  expect(conversationOf(ask([image]))).toBeNull();
});

test('conversations spread evenly', () => {
  const counts = new Map<number, number>();
  for (let index = 0; index < 3_000; index++) {
    const id = conversationOf(ask([said('user', `Question ${index}`)]));
    const third = Number.parseInt(id?.slice(0, 8) ?? '', 16) % 3;
    counts.set(third, (counts.get(third) ?? 0) + 1);
  }
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});
