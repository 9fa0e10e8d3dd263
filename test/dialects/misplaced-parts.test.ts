// What belongs to the model's turns, in a turn of Gemini's client that does not say whose it is: it is left out, and named.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';

test.each([
  [{ text: 'Hm.', thought: true }, 'reasoning'],
  [{ functionCall: { name: 'f', args: {} } }, 'tool_calls'],
  [{ executableCode: { language: 'PYTHON', code: '1' } }, 'tools.code_execution'],
])('%p', (part, feature) => {
  const before = [{ parts: [{ text: 'Hi.' }] }, { role: 'model', parts: [{ text: 'Hello.' }] }];
  const sent = { parts: [{ text: 'Go.' }, part] };
  for (const contents of [[sent], [...before, sent]]) {
    const request = DIALECTS.gemini.client.parseRequest({ contents }, { operation: 'generate', model: 'm' });
    for (const wire of ['openai-chat', 'openai-responses'] as const) {
      const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
      const messages = (body.messages ?? body.input) as unknown[];
      expect(messages).toHaveLength(contents.length);
      expect(messages.at(-1)).toMatchObject({ role: 'user', content: 'Go.' });
      expect(losses).toMatchObject([{ feature, outcome: 'lost' }]);
    }
  }
});
