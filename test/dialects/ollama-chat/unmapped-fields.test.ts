// What Ollama says beside the answer: log probabilities belong to the text that they spell, and what no other dialect has a
// word for is named once, whole and streamed.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { NeutralRequest } from '../../../src/model/request.ts';
import { createResponseCollector } from '../../../src/model/replay.ts';

const side = PROVIDER_SIDES['ollama-chat'];

function streamed(...lines: object[]) {
  const events: StreamEvent[] = [];
  const decoder = side.createStreamDecoder(events);
  for (const line of lines) decoder.decode({ event: '', data: JSON.stringify({ model: 'm', ...line }) });
  const collector = createResponseCollector();
  for (const event of events) collector.push(event);
  return { events, answer: collector.response() };
}

test('images are named once, whole and streamed', () => {
  const whole = side.parseResponse({
    model: 'm',
    message: { role: 'assistant', content: 'ab', images: ['aGk='] },
    done: true,
  });
  const { events, answer } = streamed(
    { message: { content: 'ab' }, done: false },
    { message: { content: '', images: ['aGk='] }, done: false },
    { message: { content: '', images: ['aGk='] }, done: true },
  );
  expect(whole.extension).toEqual({ dialect: 'ollama-chat', fields: { images: {} } });
  expect(answer.extension).toEqual(whole.extension);
  expect(events.filter(({ type }) => type === 'extension')).toHaveLength(1);
});

test('nothing is reported where there are none', () => {
  const body = { message: { content: 'a', images: [] }, done: true, logprobs: null };
  expect(side.parseResponse(body)).not.toHaveProperty('extension');
});

describe('log probabilities', () => {
  const token = (text: string) => ({
    token: text,
    logprob: -0.5,
    bytes: [1],
    top_logprobs: [{ token: 'x', logprob: -3 }],
  });
  const read = (text: string) => ({
    token: text,
    logprob: -0.5,
    bytes: [1],
    top: [{ token: 'x', logprob: -3 }],
  });
  const spelled = { type: 'text', text: 'aé', logprobs: [read('a'), read('\\xc3'), read('é')] };

  test('of a text', () => {
    const logprobs = [token('a'), token('\\xc3'), token('é')];
    const whole = side.parseResponse({ model: 'm', message: { content: 'aé' }, done: true, logprobs });
    const { answer } = streamed(
      { message: { content: 'a' }, logprobs: [token('a')], done: false },
      { message: { content: '' }, logprobs: [token('\\xc3')], done: false },
      { message: { content: 'é' }, logprobs: [token('é')], done: false },
      { message: { content: '' }, done: true },
    );
    for (const { parts, extension } of [whole, answer])
      expect({ parts: parts as unknown, extension }).toEqual({ parts: [spelled], extension: undefined });
  });

  test('of a text behind thoughts: those of the thoughts are lost by name', () => {
    const message = { thinking: 'hm', content: 'ab' };
    const logprobs = [token('hm'), token('a'), token('b')];
    const whole = side.parseResponse({ model: 'm', message, done: true, logprobs });
    const { answer } = streamed(
      { message: { content: '', thinking: 'hm' }, logprobs: [token('hm')], done: false },
      { message: { content: 'a' }, logprobs: [token('a')], done: false },
      { message: { content: 'b' }, logprobs: [token('b')], done: false },
      { message: { content: '' }, done: true },
    );
    const text = { type: 'text' as const, text: 'ab', logprobs: [read('a'), read('b')] };
    expect(whole.parts).toEqual([{ type: 'reasoning', text: 'hm' }, text]);
    expect(answer.parts).toEqual(whole.parts);
    expect([whole.extension?.fields, answer.extension?.fields]).toEqual([{ logprobs: {} }, { logprobs: {} }]);
  });

  test('that spell no text, or cannot be read, are lost by name', () => {
    const call = { tool_calls: [{ function: { name: 'f', arguments: {} } }] };
    for (const [message, logprobs] of [
      [{ content: '', ...call }, [token('f')]],
      [{ content: 'a' }, [{ token: 1 }]],
    ] as const) {
      const body = { model: 'm', message, done: true, logprobs: [...logprobs] };
      const { answer } = streamed(body);
      for (const each of [side.parseResponse(body as never), answer])
        expect(each.extension?.fields).toEqual({ logprobs: {} });
    }
  });

  test('are asked for', () => {
    const request: NeutralRequest = {
      model: 'm',
      system: [],
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'q' }] }],
      tools: [],
      stream: false,
      logprobs: { top: 3 },
    };
    const { body, losses } = side.buildRequest(request, { model: 'm', quirks: {} });
    expect([body.logprobs, body.top_logprobs, losses]).toEqual([true, 3, []]);
  });
});
