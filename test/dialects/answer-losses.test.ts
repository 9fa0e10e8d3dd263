// What parts of an answer say in words of another dialect than the client's is named as lost (GUARANTEES 8), whole and
// streamed alike.
import { describe, expect, test } from 'bun:test';
import type { AnswerContext } from '../../src/dialects/dialect.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';
import type { Part } from '../../src/model/content.ts';
import { DIALECT_IDS } from '../../src/model/dialect-id.ts';
import { responseToEvents } from '../../src/model/replay.ts';
import type { NeutralResponse } from '../../src/model/response.ts';
import { NO_USAGE } from '../../src/model/usage.ts';

describe.each(DIALECT_IDS)('a client of %s', (client) => {
  const dialect = client === 'gemini' ? 'openai-responses' : 'gemini';
  const extension = { dialect, fields: { word_of_its_own: 1 } } as const;
  const parts: [string, Part, string][] = [
    ['a text', { type: 'text', text: 'hi', extension }, 'word_of_its_own'],
    ['thinking', { type: 'reasoning', text: 'hm', extension }, 'word_of_its_own'],
    [
      'a call',
      { type: 'tool-call', kind: 'function', id: 'c', name: 'look', arguments: '{}', extension },
      'word_of_its_own',
    ],
    [
      'the result of a call that nobody told of',
      { type: 'server-tool-result', callId: 's', dialect: 'bedrock-converse', value: { found: 'it' } },
      'tools.server_tool_result',
    ],
  ];

  test.each(parts)('%s', (_, part, word) => {
    const response: NeutralResponse = {
      id: 'r',
      model: 'm',
      parts: [part],
      finish: { unified: 'end_turn', raw: 'stop' },
      usage: NO_USAGE,
    };
    const named = (how: (context: AnswerContext) => void): string[] => {
      const lost: string[] = [];
      how({
        ...{ requestId: 'q', model: 'm', created: 1, includeUsage: true, framing: 'sse' },
        lost: (feature) => lost.push(feature),
      });
      return lost;
    };
    expect(named((context) => void DIALECTS[client].client.buildResponse(response, context))).toContain(word);
    expect(
      named((context) => {
        const encoder = DIALECTS[client].client.createStreamEncoder(context);
        for (const event of responseToEvents(response)) encoder.encode(event);
      }),
    ).toContain(word);
  });
});

test.each([
  ['anthropic-messages', []],
  ['openai-chat', ['finish_reason']],
] as const)('a full context window, which Claude’s clients are told as it is: %s', (client, expected) => {
  const approximated: string[] = [];
  const response: NeutralResponse = {
    id: 'r',
    model: 'm',
    parts: [{ type: 'text', text: 'hi' }],
    finish: { unified: 'context_window_exceeded', raw: 'model_context_window_exceeded' },
    usage: NO_USAGE,
  };
  DIALECTS[client].client.buildResponse(response, {
    ...{ requestId: 'q', model: 'm', created: 1, includeUsage: true },
    approximated: (feature) => approximated.push(feature),
  });
  expect(approximated).toEqual([...expected]);
});
