// What requests of Ollama's clients ask for.
import { describe, expect, test } from 'bun:test';
import { parseRequest } from '../../../src/dialects/ollama-chat/parse-request.ts';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import type { Part } from '../../../src/model/content.ts';
import type { JsonObject, JsonValue } from '../../../src/model/json/json.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import type { NeutralRequest } from '../../../src/model/request.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';

const parse = (fields: JsonObject): NeutralRequest =>
  parseRequest({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...fields });

test.each<[string, JsonObject, NeutralRequest['logprobs']]>([
  ['none', { top_logprobs: 3 }, undefined],
  ['of the tokens alone', { logprobs: true }, {}],
  ['of the tokens alone, in as many words', { logprobs: true, top_logprobs: 0 }, {}],
  ['of other tokens too', { logprobs: true, top_logprobs: 3 }, { top: 3 }],
])('log probabilities: %s', (_, fields, logprobs) => {
  expect(parse(fields).logprobs).toEqual(logprobs);
});

test('a stream is what is asked for unless it is turned off', () => {
  expect([parse({}).stream, parse({ stream: true }).stream, parse({ stream: false }).stream]).toEqual([
    true,
    true,
    false,
  ]);
});

describe('a history', () => {
  const call = (name: string, args: JsonValue = {}) => ({ function: { name, arguments: args } });
  const turnsOf = (...messages: JsonObject[]) => parse({ messages }).messages;

  test('has the results of each round behind its calls, those of one round in one turn', () => {
    const messages = turnsOf(
      { role: 'user', content: 'q' },
      { role: 'assistant', tool_calls: [call('f'), call('g')] },
      { role: 'tool', tool_name: 'f', content: '1' },
      { role: 'tool', tool_name: 'g', content: '2' },
      { role: 'assistant', tool_calls: [call('f')] },
      { role: 'tool', tool_name: 'f', content: '3' },
    );
    expect(messages.map(({ role, parts }) => [role, parts.length])).toEqual([
      ['user', 1],
      ['assistant', 2],
      ['user', 2],
      ['assistant', 1],
      ['user', 1],
    ]);
  });

  test('has a result of no call as text', () => {
    const messages = turnsOf(
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'I look.', tool_calls: [] },
      { role: 'tool', content: 'f: 1' },
      { role: 'tool', content: 'g: 2', tool_call_id: 'c' },
    );
    expect(messages[2]).toEqual({
      role: 'user',
      parts: [
        { type: 'text', text: 'f: 1' },
        { type: 'text', text: 'g: 2' },
      ],
    });
  });

  test('may have a result under another id than that of the call that waits for it', () => {
    const made = { ...call('f'), id: 'a' };
    const [, turn] = turnsOf(
      { role: 'assistant', tool_calls: [made] },
      { role: 'tool', content: '1', tool_call_id: 'b' },
    );
    expect(turn?.parts).toMatchObject([{ type: 'tool-result', callId: 'b' }]);
  });

  test('may have arguments as text', () => {
    const [turn] = turnsOf({ role: 'assistant', tool_calls: [call('f', '{"a":1}'), call('f', { a: 1 })] });
    expect(turn?.parts).toMatchObject([{ arguments: '{"a":1}' }, { arguments: '{"a":1}' }]);
  });

  test('has images of the kind that their bytes are', () => {
    const images = ['/9j/AA==', 'R0lGODlh', 'UklGRg==', 'iVBORw=='];
    const [turn] = turnsOf({ role: 'user', content: '', images });
    const kinds = turn?.parts.map((part) =>
      part.type === 'image' && part.source.kind === 'base64' ? part.source.mediaType : null,
    );
    expect(kinds).toEqual(['image/jpeg', 'image/gif', 'image/webp', 'image/png']);
  });

  test.each<[JsonObject, string]>([
    [{ role: 'model', content: 'a' }, 'messages[0].role'],
    [{ role: 'user', content: 'a', images: [1] }, 'messages[0].images[0]'],
    [{ role: 'user', content: 'a', images: [''] }, 'messages[0].images[0]'],
    [{ role: 'user', content: 'a', images: ['https://a.example/b.png'] }, 'not a URL'],
    [{ role: 'assistant', tool_calls: [call('f', 1)] }, 'messages[0].tool_calls[0].function.arguments'],
  ])('is refused where it cannot be read: %j', (message, reason) => {
    expect(() => turnsOf(message)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(reason) }),
    );
  });

  test('has each thought where the answer had it, by what its calls carry', () => {
    const thought = (text: string): Part => ({
      type: 'reasoning',
      text,
      signature: ownToken('anthropic-messages', `sign-${text}`),
    });
    const made = (id: string): Part => ({
      type: 'tool-call',
      id,
      name: 'f',
      arguments: '{}',
      kind: 'function',
    });
    const parts: Part[] = [
      thought('a'),
      { type: 'text', text: 'x' },
      thought('bc'),
      made('1'),
      thought('d'),
      made('2'),
    ];
    const answer = {
      id: 'a',
      model: 'm',
      parts,
      finish: { unified: 'tool_use', raw: null },
      usage: NO_USAGE,
    } as const;
    const { message } = DIALECTS['ollama-chat'].client.buildResponse(answer, {
      requestId: 'r',
      model: 'm',
      created: 1,
      includeUsage: false,
    });
    expect(turnsOf(message as JsonObject)[0]?.parts).toEqual(parts);
    // Thinking that is another has no signatures.
    const [changed] = turnsOf({ ...(message as JsonObject), thinking: 'other' });
    expect(JSON.stringify(changed)).not.toContain('sign-');
    expect(changed?.parts[0]).toEqual({ type: 'reasoning', text: 'other' });
  });
});

describe('settings', () => {
  const built = (fields: JsonObject) =>
    DIALECTS['ollama-chat'].provider.buildRequest(parse(fields), { model: 'm', quirks: {} }).body;

  test('of no limit and no penalty ask for none, one stop sequence may be a text', () => {
    const options = { num_predict: -1, frequency_penalty: 0, presence_penalty: 0, stop: 'END' };
    const { maxOutputTokens, frequencyPenalty, presencePenalty, stopSequences } = parse({ options });
    expect([maxOutputTokens, frequencyPenalty, presencePenalty, stopSequences] as unknown).toEqual([
      ...[undefined, undefined, undefined],
      ['END'],
    ]);
    expect(parse({ options: { num_predict: 9, frequency_penalty: 1 } })).toMatchObject({
      maxOutputTokens: 9,
      frequencyPenalty: 1,
    });
  });

  test('that only Ollama has reach it where the request is built anew', () => {
    const own = { keep_alive: '5m', options: { num_ctx: 9, temperature: 0.5 } };
    expect(built(own)).toMatchObject(own);
    expect([
      built({ think: true }).think,
      built({ think: 'high' }).think,
      built({}).think,
    ] as unknown).toEqual([true, 'high', undefined]);
  });

  test.each<[JsonObject, string]>([
    [{ options: { stop: 1 } }, 'options.stop'],
    [{ options: { stop: [1] } }, 'options.stop[0]'],
    [{ think: 'much' }, 'think'],
    [{ format: 'yaml' }, 'format'],
  ])('that cannot be read are refused: %j', (fields, name) => {
    expect(() => parse(fields)).toThrow(expect.objectContaining({ message: expect.stringContaining(name) }));
  });
});
