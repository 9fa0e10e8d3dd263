// White space that the provider refuses: `text content blocks must contain non-whitespace text`, and
// `final assistant content cannot end with trailing whitespace`.
import { expect, test } from 'bun:test';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import type { Part, TextPart } from '../../../src/model/content.ts';
import type { Message } from '../../../src/model/request.ts';

const text = (value: string): TextPart => ({ type: 'text', text: value });
const say = (role: Message['role'], ...parts: Part[]): Message => ({ role, parts });
const CALL: Part = { type: 'tool-call', id: 'c', name: 'f', arguments: '{}', kind: 'function' };
const RESULT: Part = { type: 'tool-result', callId: 'c', content: [text('done')] };

function build(messages: Message[], system: TextPart[] = []) {
  const { body, losses } = anthropicMessages.provider.buildRequest(
    { model: 'asked', stream: false, system, messages, tools: [] },
    { model: 'claude-sonnet-4-5', quirks: {} },
  );
  return { body, losses: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

test('a message of white space alone is left out, as an empty one is', () => {
  const blanks = [say('user', text('a')), say('assistant', text(' \n')), say('user', text('b'))];
  expect(build(blanks, [text('\n')]).body).toMatchObject({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ],
  });
  expect(build(blanks, [text('\n')]).body.system).toBeUndefined();
});

test('white space beside a tool call, as models write it, is left out', () => {
  const turns = [say('user', text('q')), say('assistant', text('\n\n'), CALL), say('user', RESULT)];
  expect(build(turns).body.messages).toEqual([
    { role: 'user', content: 'q' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'f', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: 'done' }] },
  ]);
});

test('white space between words stays, in the block before it', () => {
  const words = [' ', 'a', '\n\n', ' ', 'b '];
  expect(build([say('user', ...words.map(text))]).body.messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'text', text: 'a\n\n ' },
        { type: 'text', text: 'b ' },
      ],
    },
  ]);
  const earlier = [say('user', text('q')), say('assistant', text('a ')), say('user', text('r'))];
  expect(build(earlier).body.messages).toMatchObject([{}, { role: 'assistant', content: 'a ' }, {}]);
});

test('the end of a last turn of the assistant is trimmed, and that is reported', () => {
  const { body, losses } = build([say('user', text('q')), say('assistant', text('The answer: \n'))]);
  expect(body.messages).toEqual([
    { role: 'user', content: 'q' },
    { role: 'assistant', content: 'The answer:' },
  ]);
  expect(losses).toEqual(['approximated messages']);
});
