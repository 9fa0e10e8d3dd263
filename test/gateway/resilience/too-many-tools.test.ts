// A request with more tools than one provider takes goes to the next target; where there is none, the client is told what to do.
import { afterEach, expect, test } from 'bun:test';
import { ASK, BOTH, createFallbackLab, expectSettled, PATHS } from '../../support/fallback-lab.ts';
import { jsonReply, type Reply } from '../../support/reply.ts';

afterEach(expectSettled);

const refusal = (error: unknown) => jsonReply({ error }, { status: 400 });

/** In their own words. */
const REFUSALS: [vendor: string, reply: Reply][] = [
  [
    'OpenAI',
    refusal({
      message:
        "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 150 instead.",
      type: 'invalid_request_error',
      param: 'tools',
      code: 'array_above_max_length',
    }),
  ],
  ['Groq', refusal({ message: "'tools' : maximum number of items is 128", type: 'invalid_request_error' })],
  ['xAI', refusal('Maximum tools limit reached. 219 tools have been provided but the maximum is 200.')],
];

function setup(reply: Reply, chain: string[]) {
  return createFallbackLab({
    script: { two: [reply], one: ['works'] },
    providers: { two: { dialect: 'openai-chat', base_url: 'https://lab.test/two' } },
    config: { routing: { default_provider: 'two', fallback_chain: chain } },
  });
}

for (const path of PATHS) {
  for (const stream of BOTH) {
    test.each(REFUSALS)(`%s, asked by ${path}, stream: ${stream}`, async (_, reply) => {
      const lab = setup(reply, ['one/large']);
      const { response, text } = await lab.answered(lab.post(path, { ...ASK, model: 'm', stream }));
      expect([response.status, lab.asked]).toEqual([200, ['two', 'one']]);
      expect(text).toContain('from one');
      const { attempts } = await lab.row();
      expect(attempts).toMatchObject([{ status: 400, error: 'upstream_rejected' }, { error: null }]);
    });
  }
}

test('with no other target the message says what to do', async () => {
  const lab = setup(REFUSALS[1]?.[1] ?? refusal('none'), []);
  const { response, text } = await lab.answered(lab.post('/v1/messages', { ...ASK, model: 'm' }));
  expect([response.status, lab.asked]).toEqual([400, ['two']]);
  expect(text).toContain('maximum number of items is 128; offer fewer tools');
});

test.each([
  "Invalid 'messages': array too long. Expected an array with maximum length 2048.",
  'tools.0.function.name: the name is too long',
])('what is wrong with the request itself is asked once: %s', async (message) => {
  const lab = setup(refusal({ message, type: 'invalid_request_error' }), ['one/large']);
  const { response } = await lab.answered(lab.post('/v1/messages', { ...ASK, model: 'm' }));
  expect([response.status, lab.asked]).toEqual([400, ['two']]);
});
