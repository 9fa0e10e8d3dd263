// A prompt too long for a model goes to one that is known to take more, or that the configuration names for it.
import { afterEach, describe, expect, test } from 'bun:test';
import { ASK, BOTH, createFallbackLab, expectSettled, failure, PATHS } from '../../support/fallback-lab.ts';
import { jsonReply, type Reply } from '../../support/reply.ts';

afterEach(expectSettled);

const TOO_LONG = failure(400, 'prompt is too long: 210000 tokens > 200000 maximum');
/** As OpenAI's servers say it. */
const TOO_LONG_CHAT = jsonReply(
  {
    error: {
      message: 'maximum context length',
      type: 'invalid_request_error',
      code: 'context_length_exceeded',
    },
  },
  { status: 400 },
);

/** At the vendors' own addresses: what is known of a model holds there. */
const VENDORS = {
  one: { kind: 'anthropic', base_url: 'https://api.anthropic.com/one' },
  two: { kind: 'openai', base_url: 'https://api.openai.com/two' },
  three: { kind: 'anthropic', base_url: 'https://api.anthropic.com/three' },
} as const;

function setup(script: Record<string, (Reply | 'works')[]>, routing: object) {
  return createFallbackLab({
    script,
    providers: VENDORS,
    config: { routing: { default_provider: 'one', ...routing } },
  });
}

const ask = (model: string, stream = false) => ({ ...ASK, model, stream });
/** 200,000 tokens, by the price table; `gpt-4.1` takes 1,000,000, `gpt-4o` 128,000. */
const MODEL = 'claude-sonnet-4-5';

for (const path of PATHS) {
  for (const stream of BOTH) {
    describe(`${path}, ${stream ? 'streamed' : 'whole'}`, () => {
      test('the target that routing.context_fallback names answers, in the client’s dialect; both tries are in the row', async () => {
        const lab = setup({ one: [TOO_LONG], two: ['works'] }, { context_fallback: ['two/large'] });
        const { response, text } = await lab.answered(lab.post(path, ask(MODEL, stream)));
        expect([response.status, lab.asked]).toEqual([200, ['one', 'two']]);
        expect(text).toContain('from two');
        expect(response.headers.get('x-sluice-provider')).toBe('two');
        const { attempts, status } = await lab.row();
        expect(status).toBe('success');
        expect(attempts).toMatchObject([
          { provider: 'one', status: 400, error: 'context_too_long' },
          { provider: 'two', model: 'large', status: 200, error: null },
        ]);
      });

      test('nobody named and none known to take more: 400 with the provider’s reason, asked once', async () => {
        const lab = setup({ one: [TOO_LONG], two: ['works'] }, { fallback_chain: ['two/unknown-model'] });
        const { response, text } = await lab.answered(lab.post(path, ask(MODEL, stream)));
        expect([response.status, lab.asked]).toEqual([400, ['one']]);
        expect(text).toContain('210000 tokens');
      });
    });
  }
}

test('of the chain only those whose window is known to be larger are asked, before the named ones', async () => {
  const lab = setup(
    { one: [TOO_LONG], two: [TOO_LONG_CHAT], three: ['works'] },
    { fallback_chain: ['two/gpt-4o', 'two/gpt-4.1'], context_fallback: ['three/named'] },
  );
  const { text } = await lab.answered(lab.post('/v1/messages', ask(MODEL)));
  expect(text).toContain('from three');
  expect((await lab.row()).attempts.map(({ provider, model }) => `${provider}/${model}`)).toEqual([
    `one/${MODEL}`,
    'two/gpt-4.1',
    'three/named',
  ]);
});

test('a larger one that is down is one failure of several: the next larger is asked', async () => {
  const lab = setup(
    { one: [TOO_LONG], two: [failure(500)], three: ['works'] },
    { context_fallback: ['two/large', 'three/larger'] },
  );
  const { text } = await lab.answered(lab.post('/v1/messages', ask(MODEL)));
  expect([text.includes('from three'), lab.asked]).toEqual([true, ['one', 'two', 'three']]);
});

test('a larger one that is not asked, for its breaker is open, leaves the others that are larger than the one that refused', async () => {
  const lab = createFallbackLab({
    script: { one: [TOO_LONG], two: [failure(500)], three: ['works'] },
    providers: { ...VENDORS, two: { ...VENDORS.two, breaker: { failures: 1 } } },
    // 1,050,000 tokens, and 1,000,000.
    config: {
      routing: { default_provider: 'one', fallback_chain: ['two/gpt-5.4', 'three/claude-opus-4-7'] },
    },
  });
  await lab.answered(lab.post('/v1/messages', ask('two/gpt-5.4')));
  const { text } = await lab.answered(lab.post('/v1/messages', ask(MODEL)));
  expect(text).toContain('from three');
  expect((await lab.rowAt(1)).attempts).toMatchObject([
    { provider: 'one', error: 'context_too_long' },
    { provider: 'two', skipped: 'breaker_open' },
    { provider: 'three', status: 200 },
  ]);
});

test('too long for all of them: the last one’s words, none asked twice', async () => {
  const lab = setup(
    { one: [TOO_LONG], two: [TOO_LONG_CHAT] },
    { fallback_chain: ['two/gpt-4.1'], context_fallback: ['one', 'two/gpt-4.1'] },
  );
  const { response, text } = await lab.answered(lab.post('/v1/messages', ask(MODEL)));
  expect([response.status, lab.asked]).toEqual([400, ['one', 'two']]);
  expect(text).toContain('maximum context length');
});

test('a rule’s own context_fallback takes the place of routing’s', async () => {
  const lab = setup(
    { one: [TOO_LONG], two: ['works'], three: ['works'] },
    {
      context_fallback: ['two/large'],
      agent_rules: { reader: { to: 'one', context_fallback: ['three/mine'] } },
    },
  );
  await lab.answered(lab.post('/v1/messages', { ...ask(MODEL), agent_type: 'reader' }));
  expect(lab.asked).toEqual(['one', 'three']);
});

test('a prompt too long says nothing about the provider: breaker closed, healthy', async () => {
  const lab = setup({ one: [TOO_LONG] }, {});
  for (let count = 0; count < 6; count++) await lab.answered(lab.post('/v1/messages', ask(MODEL)));
  const [line] = (await lab.health()).providers;
  expect(line).toMatchObject({ healthy: true, breaker: 'closed' });
  expect(lab.asked).toHaveLength(6);
});
