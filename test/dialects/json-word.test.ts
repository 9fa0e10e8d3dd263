// JSON of no schema, at servers that want the word in what they are told.
import { expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { NeutralRequest } from '../../src/model/request.ts';

const WIRES = ['openai-chat', 'openai-responses'] as const;

function asked(wire: (typeof WIRES)[number], text: string, system = '') {
  const request: NeutralRequest = {
    model: 'asked',
    stream: false,
    system: system === '' ? [] : [{ type: 'text', text: system }],
    messages: [{ role: 'user', parts: [{ type: 'text', text }] }],
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
