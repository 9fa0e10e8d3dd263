// What each line of a stream of Ollama tells.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';

const ollamaChat = DIALECTS['ollama-chat'].provider;

function decode(...lines: JsonObject[]): StreamEvent[] {
  const events: StreamEvent[] = [];
  const decoder = ollamaChat.createStreamDecoder({ push: (event) => void events.push(event) });
  for (const line of lines) decoder.decode({ event: '', data: JSON.stringify(line) });
  decoder.end();
  return events;
}

const AT = '2026-01-01T00:00:00Z';
const said = (message: JsonObject, more: JsonObject = {}) => ({
  model: 'm',
  created_at: AT,
  message,
  ...more,
});
const call = (more: JsonObject = {}) => ({ function: { name: 'f', arguments: { a: 1 } }, ...more });
const logprobs = (...tokens: string[]) => ({ logprobs: tokens.map((token) => ({ token, logprob: -1 })) });
const DONE = { model: 'm', done: true, done_reason: 'stop', prompt_eval_count: 7, eval_count: 2 };

describe('calls', () => {
  const idsOf = (events: readonly StreamEvent[]) =>
    events.flatMap((event) => (event.type === 'tool-start' ? [event.id] : []));

  test('keep the ids that the server gives', () => {
    expect(idsOf(decode(said({ tool_calls: [call({ id: 'a' }), call({ id: 'b' })] })))).toEqual(['a', 'b']);
  });

  test('of a server that gives none differ, also in lines of one moment', () => {
    const lines = [said({ tool_calls: [call(), call()] }), said({ tool_calls: [call()] })];
    expect(new Set(idsOf(decode(...lines))).size).toBe(3);
  });

  test('of servers that write arguments as text keep them', () => {
    const [, , delta] = decode(said({ tool_calls: [{ function: { name: 'f', arguments: '{"a":1}' } }] }));
    expect(delta).toMatchObject({ type: 'tool-delta', arguments: '{"a":1}' });
  });

  test('stand between the texts, each whole', () => {
    const events = decode(
      said({ content: 'a' }),
      said({ tool_calls: [call({ id: '1' })] }),
      said({ content: 'b' }),
      DONE,
    );
    expect(events).toEqual([
      { type: 'start', id: null, model: 'm' },
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'a' },
      { type: 'text-end', block: 0 },
      { type: 'tool-start', block: 1, id: '1', name: 'f', kind: 'function' },
      { type: 'tool-delta', block: 1, arguments: '{"a":1}' },
      { type: 'tool-end', block: 1 },
      { type: 'text-start', block: 2 },
      { type: 'text-delta', block: 2, text: 'b' },
      { type: 'text-end', block: 2 },
      { type: 'usage', usage: { inputTokens: 7, outputTokens: 2 } },
      { type: 'finish', finish: { unified: 'tool_use', raw: 'stop' } },
    ]);
  });
});

describe('log probabilities', () => {
  const NAMED: StreamEvent = { type: 'extension', dialect: 'ollama-chat', name: 'logprobs', value: {} };
  /** Texts with their tokens, and what is named. */
  const decodeLines = (...lines: JsonObject[]): (StreamEvent | string[])[] => {
    const found: (StreamEvent | string[])[] = [];
    for (const event of decode(...lines)) {
      if (event.type === 'extension') found.push(event);
      if (event.type === 'text-delta')
        found.push([event.text, ...(event.logprobs ?? []).map(({ token }) => token)]);
    }
    return found;
  };

  test('come with their text, those of the first half of a letter too', () => {
    expect(
      decodeLines(
        said({ content: 'a' }, logprobs('a')),
        said({ content: '' }, logprobs('\\xe2')),
        said({ content: '…' }, logprobs('\\x80')),
      ),
    ).toEqual([
      ['a', 'a'],
      ['', '\\xe2'],
      ['…', '\\x80'],
    ]);
  });

  test('that cannot be read leave the text as it is', () => {
    expect(decodeLines(said({ content: 'a' }, { logprobs: ['a'] }))).toEqual([['a'], NAMED]);
  });

  test('of a whole answer that spell another text belong to none', () => {
    const whole = (...tokens: string[]) =>
      ollamaChat.parseResponse({
        ...said({ content: 'ab', thinking: 'hm' }, logprobs(...tokens)),
        ...DONE,
      });
    expect(whole('hm', 'a', 'b').parts[1]).toMatchObject({
      text: 'ab',
      logprobs: [{ token: 'a' }, { token: 'b' }],
    });
    for (const tokens of [['hm', 'a', 'c'], ['hmab'], ['b']]) {
      const { parts, extension } = whole(...tokens);
      expect(parts[1]).toEqual({ type: 'text', text: 'ab' });
      expect(extension?.fields).toEqual({ logprobs: {} });
    }
  });

  test.each([
    ['before any text', [said({ content: '' }, logprobs('x'))]],
    ['of thinking', [said({ content: 'a' }), said({ thinking: 'hm', content: '' }, logprobs('hm'))]],
    ['of a call', [said({ content: 'a' }), said({ content: '', tool_calls: [call()] }, logprobs('{'))]],
  ])('%s are named as lost, once', (_, lines) => {
    const events = decodeLines(...lines, ...lines);
    expect(events.filter((event) => !Array.isArray(event))).toEqual([NAMED]);
    expect(events.flat()).not.toContain('hm');
  });
});

test.each([
  ['stop', 'end_turn'],
  [undefined, 'end_turn'],
  ['length', 'max_tokens'],
  ['load', 'other'],
])('%s ends as %s', (reason, unified) => {
  const last: JsonObject = { ...DONE };
  if (reason === undefined) delete last.done_reason;
  else last.done_reason = reason;
  expect(decode(said({ content: 'a' }), last).at(-1)).toMatchObject({ type: 'finish', finish: { unified } });
});

describe('counts', () => {
  const counted = (counts: JsonObject) => {
    const last = { model: 'm', message: { role: 'assistant', content: 'a' }, done: true, ...counts };
    const streamed = decode(last).flatMap((event) => (event.type === 'usage' ? [event.usage] : []));
    return { streamed, whole: ollamaChat.parseResponse(last) };
  };

  test('of which the server leaves one out are zero there', () => {
    const { streamed, whole } = counted({ eval_count: 2 });
    expect(streamed).toEqual([{ inputTokens: 0, outputTokens: 2 }]);
    expect(whole).toMatchObject({ usage: { inputTokens: 0, outputTokens: 2 } });
    expect(whole.uncounted).toBeUndefined();
  });

  test('are unknown where the server gives none', () => {
    const { streamed, whole } = counted({});
    expect(streamed).toEqual([]);
    expect(whole.uncounted).toBe(true);
  });
});
