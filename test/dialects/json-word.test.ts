// JSON without a schema, at servers that require the word “JSON” in the instructions.
import { expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { asArray } from '../../src/model/json/json.ts';
import type { Message, NeutralRequest } from '../../src/model/request.ts';

const WIRES = ['openai-chat', 'openai-responses'] as const;

function asked(wire: (typeof WIRES)[number], text: string, system = '', later: Message[] = []) {
  const request: NeutralRequest = {
    model: 'asked',
    stream: false,
    system: system === '' ? [] : [{ type: 'text', text: system }],
    messages: [{ role: 'user', parts: [{ type: 'text', text }] }, ...later],
    tools: [],
    outputFormat: { type: 'json' },
  };
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'gpt-4.1', quirks: {} });
  return { said: body.messages ?? body.input, names: losses.map(({ feature }) => feature) };
}

test.each(WIRES)('%s: the word is added where nobody says it', (wire) => {
  const { said, names } = asked(wire, 'Name a colour.', 'Be brief.');
  expect(JSON.stringify(said)).toContain('Answer with JSON.');
  expect(names).toEqual(['response_format']);
});

test.each(WIRES)('%s: not where the user says it', (wire) => {
  const { said, names } = asked(wire, 'Name a colour, as Json.');
  expect(JSON.stringify(said)).not.toContain('Answer with JSON.');
  expect(names).toEqual([]);
});

test('in the instructions it counts for Chat Completions alone', () => {
  expect(asked('openai-chat', 'Name a colour.', 'Write JSON.').names).toEqual([]);
  expect(asked('openai-responses', 'Name a colour.', 'Write JSON.').names).toEqual(['response_format']);
});

test.each(WIRES)('%s: a later turn that says it does not change the beginning of the prompt', (wire) => {
  const later: Message[] = [
    { role: 'assistant', parts: [{ type: 'text', text: '{"colour":"red"}, as JSON' }] },
    { role: 'user', parts: [{ type: 'text', text: 'Another, as JSON again.' }] },
  ];
  const before = asArray(asked(wire, 'Name a colour.').said) ?? [];
  const after = asArray(asked(wire, 'Name a colour.', '', later).said) ?? [];
  expect(after.slice(0, before.length)).toEqual(before);
});
