// Histories as agents make them, by chance, in the words of each client's dialect, as its own provider takes them.
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import type { Dice } from '../chaos/dice.ts';

interface Call {
  id: string;
  name: string;
  /** What the tool gave. */
  output: string;
}

export interface Round {
  asked: string;
  /** A file of the user's, alone. */
  file: boolean;
  said: string | undefined;
  calls: Call[];
  /** The tools end in another order. */
  reversed: boolean;
  /** The last of several results comes after the model has said something. */
  late: boolean;
  /** The client instructs the model behind the user's words, as Claude Code does. */
  instructed: boolean;
}

const TOOLS = ['look', 'read', 'write'] as const;

export function rounds(dice: Dice): Round[] {
  const counts = dice.next() < 0.25;
  return Array.from({ length: Math.ceil(dice.between(0, 5)) }, (_, round) => ({
    asked: dice.pick(['hi', 'go on', '{"a":1}', ' and ']),
    file: dice.next() < 0.15,
    said: dice.pick([undefined, 'Let me see.', 'Done. ']),
    calls: Array.from({ length: Math.floor(dice.between(0, 4)) }, (_, at) => ({
      id: counts ? `call_${at}` : `call_${round}_${at}`,
      name: dice.pick(TOOLS),
      output: dice.pick(['ok', '', ' ', '{"r":1}', '{"$ref":"#/a"}']),
    })),
    reversed: dice.next() < 0.3,
    late: !counts && dice.next() < 0.2,
    instructed: dice.next() < 0.3,
  }));
}

const SCHEMA = { type: 'object', properties: { path: { type: 'string' } } };
const FUNCTIONS = TOOLS.map((name) => ({ name, parameters: SCHEMA }));
const PDF = 'JVBERi0=';
const WAITING = 'Still at it.';
const INSTRUCTION = { role: 'system', content: 'Keep the list of tasks up to date.' };

function resultsOf({ calls, reversed }: Round): Call[] {
  return reversed ? calls.toReversed() : calls;
}

function chat(story: Round[]): JsonObject {
  const file = { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` } };
  return {
    tools: FUNCTIONS.map((each) => ({ type: 'function', function: each })),
    messages: story.flatMap((round): JsonObject[] => [
      { role: 'user', content: round.file ? [file] : round.asked },
      ...(round.instructed ? [INSTRUCTION] : []),
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
    tools: FUNCTIONS.map((each) => ({ type: 'function', ...each, strict: false })),
    input: story.flatMap((round): JsonObject[] => {
      const outputs = resultsOf(round).map(({ id, output }) => ({
        ...{ type: 'function_call_output', call_id: id },
        output,
      }));
      const late = round.late && outputs.length > 1 ? outputs.splice(-1) : [];
      return [
        { role: 'user', content: round.file ? [file] : round.asked },
        ...(round.instructed ? [INSTRUCTION] : []),
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
    tools: [{ functionDeclarations: FUNCTIONS }],
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

/** Half of its clients have no ids of calls. */
function ollama(story: Round[]): JsonObject {
  return {
    tools: FUNCTIONS.map((each) => ({ type: 'function', function: each })),
    messages: story.flatMap((round): JsonObject[] => {
      const { asked, said, calls, instructed } = round;
      return [
        { role: 'user', content: asked },
        ...(instructed ? [INSTRUCTION] : []),
        {
          role: 'assistant',
          content: said ?? (calls.length > 0 ? '' : 'Yes.'),
          ...(calls.length > 0 && {
            tool_calls: calls.map(({ name }) => ({ function: { name, arguments: {} } })),
          }),
        },
        ...calls.map(({ name, output }) => ({ role: 'tool', tool_name: name, content: output })),
      ];
    }),
  };
}

/** Its own provider wants each id once. */
function anthropic(story: Round[]): JsonObject {
  const file = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF } };
  return {
    max_tokens: 4_000,
    tools: TOOLS.map((name) => ({ name, input_schema: SCHEMA })),
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
        ...(round.instructed ? [INSTRUCTION] : []),
        { role: 'assistant', content: [...(text === undefined ? [] : [{ type: 'text', text }]), ...uses] },
        ...(results.length > 0 ? [{ role: 'user', content: results }] : []),
      ];
    }),
  };
}

export const HISTORIES: Record<DialectId, (story: Round[]) => JsonObject> = {
  'anthropic-messages': anthropic,
  'openai-chat': chat,
  'openai-responses': responses,
  gemini,
  'ollama-chat': ollama,
};
