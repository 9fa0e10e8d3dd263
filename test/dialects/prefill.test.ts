// A last turn of the assistant, at providers that answer anew instead of going on with it.
import { expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { Part } from '../../src/model/content.ts';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';

const CALL: Part = { type: 'tool-call', id: 'c', name: 'f', arguments: '{}', kind: 'function' };
const HALF: Part = { type: 'text', text: 'One, ' };

function lostBy(kind: string, dialect: 'openai-chat' | 'openai-responses', model: string, parts: Part[]) {
  const { losses } = PROVIDER_SIDES[dialect].buildRequest(
    {
      ...{ model, stream: false, system: [], tools: [] },
      messages: [
        { role: 'user', parts: [{ type: 'text', text: 'Count.' }] },
        { role: 'assistant', parts },
      ],
    },
    { model, quirks: PROVIDER_KINDS.find((row) => row.kind === kind)?.quirks ?? {} },
  );
  return losses.map(({ feature, outcome }) => `${outcome} ${feature}`);
}

const NAMED = ['approximated messages.prefill'];

test.each([
  ['openai', 'openai-chat', 'gpt-4.1', NAMED],
  ['azure', 'openai-chat', 'gpt-4.1', NAMED],
  ['openai', 'openai-responses', 'gpt-5', NAMED],
  // Their servers go on with it, or do not say.
  ['openrouter', 'openai-chat', 'anthropic/claude-sonnet-4.5', []],
  ['none', 'openai-responses', 'llama3', []],
  // It goes on, but repeats the turn; for clients of other dialects that is taken off (test/gateway).
  ['mistral', 'openai-chat', 'mistral-large', NAMED],
] as const)('%s, %s, %s', (kind, dialect, model, expected) => {
  expect(lostBy(kind, dialect, model, [HALF])).toEqual([...expected]);
  expect(lostBy(kind, dialect, model, [HALF, CALL])).toEqual([]);
});

test('white space alone is nothing to go on with', () => {
  expect(lostBy('openai', 'openai-chat', 'gpt-4.1', [{ type: 'text', text: ' ' }])).toEqual([]);
});
