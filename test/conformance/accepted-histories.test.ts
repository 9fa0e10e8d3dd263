// Histories as agents make them, by chance, each as its client's own provider takes it: none of them may be refused by another for
// what the translation made of it.
import { expect, test } from 'bun:test';
import type { BuildOptions } from '../../src/dialects/dialect.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId, type ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { createDice, type Dice } from '../chaos/dice.ts';
import { PROVIDER_RULES } from './provider-rules.ts';
import type { Json } from './wire-facts.ts';

const RUNS = 150;

interface Call {
  id: string;
  name: string;
  /** What the tool gave. */
  output: string;
}

interface Round {
  asked: string;
  /** A file of the user's, alone. */
  file: boolean;
  said: string | undefined;
  calls: Call[];
  /** The tools end in another order. */
  reversed: boolean;
  /** The last of several results comes after the model has said something. */
  late: boolean;
}

function rounds(dice: Dice): Round[] {
  const counts = dice.next() < 0.25;
  return Array.from({ length: Math.ceil(dice.between(0, 5)) }, (_, round) => ({
    asked: dice.pick(['hi', 'go on', '{"a":1}', ' and ']),
    file: dice.next() < 0.15,
    said: dice.pick([undefined, 'Let me see.', 'Done. ']),
    calls: Array.from({ length: Math.floor(dice.between(0, 4)) }, (_, at) => ({
      id: counts ? `call_${at}` : `call_${round}_${at}`,
      name: dice.pick(['look', 'read', 'write']),
      output: dice.pick(['ok', '', ' ', '{"r":1}', '{"$ref":"#/a"}']),
    })),
    reversed: dice.next() < 0.3,
    late: !counts && dice.next() < 0.2,
  }));
}

const PDF = 'JVBERi0=';
const WAITING = 'Still at it.';

function resultsOf({ calls, reversed }: Round): Call[] {
  return reversed ? calls.toReversed() : calls;
}

function chat(story: Round[]): JsonObject {
  const file = { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` } };
  return {
    messages: story.flatMap((round): JsonObject[] => [
      { role: 'user', content: round.file ? [file] : round.asked },
      {
        role: 'assistant',
        content: round.said ?? (round.calls.length > 0 ? null : 'Yes.'),
        ...(round.calls.length > 0 && {
          tool_calls: round.calls.map(({ id, name }) => ({
            ...{ id, type: 'function' },
            function: { name, arguments: '{}' },
          })),
        }),
      },
      ...resultsOf(round).map(({ id, output }) => ({ role: 'tool', tool_call_id: id, content: output })),
    ]),
  };
}

function responses(story: Round[]): JsonObject {
  const said = (text: string) => ({
    ...{ type: 'message', role: 'assistant' },
    content: [{ type: 'output_text', text, annotations: [] }],
  });
  const file = { type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` };
  return {
    input: story.flatMap((round): JsonObject[] => {
      const outputs = resultsOf(round).map(({ id, output }) => ({
        ...{ type: 'function_call_output', call_id: id },
        output,
      }));
      const late = round.late && outputs.length > 1 ? outputs.splice(-1) : [];
      return [
        { role: 'user', content: round.file ? [file] : round.asked },
        ...(round.said === undefined && round.calls.length > 0 ? [] : [said(round.said ?? 'Yes.')]),
        ...round.calls.map(({ id, name }) => ({ type: 'function_call', call_id: id, name, arguments: '{}' })),
        ...outputs,
        ...(late.length > 0 ? [said(WAITING), ...late] : []),
      ];
    }),
  };
}

function gemini(story: Round[]): JsonObject {
  return {
    contents: story.flatMap((round): JsonObject[] => {
      const { calls, said } = round;
      const text = said ?? (calls.length > 0 ? undefined : 'Yes.');
      const model = [
        ...(text === undefined ? [] : [{ text }]),
        ...calls.map(({ name }) => ({ functionCall: { name, args: {} } })),
      ];
      const file = { inlineData: { mimeType: 'application/pdf', data: PDF } };
      const results = calls.map(({ name, output }) => ({ functionResponse: { name, response: { output } } }));
      return [
        { role: 'user', parts: [round.file ? file : { text: round.asked }] },
        { role: 'model', parts: model },
        ...(results.length > 0 ? [{ role: 'user', parts: results }] : []),
      ];
    }),
  };
}

/** Its own provider wants each id once. */
function anthropic(story: Round[]): JsonObject {
  const file = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF } };
  return {
    max_tokens: 4_000,
    messages: story.flatMap((round, at): JsonObject[] => {
      const { calls, said } = round;
      const text = said ?? (calls.length > 0 ? undefined : 'Yes.');
      const uses = calls.map(({ id, name }) => ({ type: 'tool_use', id: `${id}_${at}`, name, input: {} }));
      const results = resultsOf(round).map(({ id, output }) => ({
        ...{ type: 'tool_result', tool_use_id: `${id}_${at}` },
        content: output,
      }));
      return [
        { role: 'user', content: round.file ? [file] : [{ type: 'text', text: round.asked }] },
        { role: 'assistant', content: [...(text === undefined ? [] : [{ type: 'text', text }]), ...uses] },
        ...(results.length > 0 ? [{ role: 'user', content: results }] : []),
      ];
    }),
  };
}

const CLIENTS: Record<DialectId, (story: Round[]) => JsonObject> = {
  'anthropic-messages': anthropic,
  'openai-chat': chat,
  'openai-responses': responses,
  gemini,
};

const PROVIDERS: [ProviderDialectId, BuildOptions][] = [
  ['anthropic-messages', { model: 'claude-opus-4-8', quirks: {} }],
  ['anthropic-messages', { model: 'claude-sonnet-4-5', quirks: {} }],
  ['openai-chat', { model: 'gpt-4.1', quirks: { objectSchemas: true, callIds: 'at-most-40' } }],
  ['openai-responses', { model: 'gpt-5', quirks: {} }],
  ['gemini', { model: 'gemini-3-pro', quirks: {} }],
  ['bedrock-converse', { model: 'anthropic.claude-sonnet-4-5-20250929-v1:0', quirks: {} }],
  ['bedrock-converse', { model: 'amazon.nova-pro-v1:0', quirks: {} }],
];

for (const client of DIALECT_IDS) {
  const others = PROVIDERS.filter(([wire]) => wire !== client);
  test.each(others)(`what a client of ${client} sends is taken at %s %j`, (wire, options) => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const dice = createDice(seed);
      const asked = { model: 'm', ...CLIENTS[client](rounds(dice)) };
      const request = DIALECTS[client].client.parseRequest(asked, { operation: 'generate', model: 'm' });
      if (dice.next() < 0.3) request.reasoning = { mode: 'on', budgetTokens: 2_000 };
      const { body } = PROVIDER_SIDES[wire].buildRequest(request, options);
      // As the provider reads it.
      const read = JSON.parse(JSON.stringify(body)) as Json;
      expect({ seed, broken: PROVIDER_RULES[wire]?.(read) }).toEqual({ seed, broken: [] });
    }
  });
}
