// What Ollama says that no other dialect has a word for: named once, whole and streamed.
import { expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { createResponseCollector } from '../../../src/model/replay.ts';

const LOGPROBS = [{ token: 'a', logprob: -0.5 }];
const side = PROVIDER_SIDES['ollama-chat'];

test('log probabilities and images', () => {
  const whole = side.parseResponse({
    model: 'm',
    message: { role: 'assistant', content: 'ab', images: ['aGk='] },
    done: true,
    logprobs: LOGPROBS,
  });
  const events: StreamEvent[] = [];
  const decoder = side.createStreamDecoder(events);
  const line = (message: object, more: object = {}) =>
    decoder.decode({ event: '', data: JSON.stringify({ model: 'm', message, done: false, ...more }) });
  line({ content: 'a' }, { logprobs: LOGPROBS });
  line({ content: 'b' }, { logprobs: LOGPROBS });
  line({ content: '', images: ['aGk='] });
  line({ content: '' }, { done: true });
  const collector = createResponseCollector();
  for (const event of events) collector.push(event);
  const fields = { logprobs: {}, images: {} };
  expect(whole.extension).toEqual({ dialect: 'ollama-chat', fields });
  expect(collector.response().extension).toEqual(whole.extension);
  expect(events.filter(({ type }) => type === 'extension')).toHaveLength(2);
});

test('nothing is said where there are none', () => {
  const body = { message: { content: 'a', images: [] }, done: true, logprobs: null };
  expect(side.parseResponse(body)).not.toHaveProperty('extension');
});
