// One of a list as plain text, which Gemini's clients ask for by `text/x.enum`: other providers are asked for it in words.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply } from '../support/reply.ts';
import { wholeChat } from '../support/message-stream.ts';
import { createTestGateway, LAB_PROVIDERS } from '../support/test-gateway.ts';

const GEMINIS = ['gemini', 'code-assist'];
const SCHEMA = { type: 'STRING', format: 'enum', enum: ['sun', 'ra"in'] };
const ask = (responseSchema: object) => ({
  contents: [{ role: 'user', parts: [{ text: 'How is the weather?' }] }],
  generationConfig: { responseMimeType: 'text/x.enum', responseSchema },
});

test.each(PROVIDER_DIALECT_IDS.filter((id) => !GEMINIS.includes(id)))(
  '%s is told in the system prompt',
  (id) => {
    const { body, losses } = PROVIDER_SIDES[id].buildRequest(
      {
        ...{ model: 'm', stream: false, system: [], tools: [] },
        messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
        outputFormat: { type: 'choice', values: ['sun', 'rain'] },
      },
      { model: 'm', quirks: {} },
    );
    expect(JSON.stringify(body)).toContain('nothing else: \\"sun\\", \\"rain\\".');
    expect(JSON.stringify(body)).not.toMatch(/"(response_format|json_schema|enum)"/);
    expect(losses).toEqual([
      { feature: 'response_format', outcome: 'approximated', how: expect.any(String) },
    ]);
  },
);

describe('a client of Gemini', () => {
  const setup = (lab: (typeof LAB_PROVIDERS)[keyof typeof LAB_PROVIDERS], answer: object) => {
    const upstream = createReplayFetch(jsonReply(answer));
    return { upstream, ...createTestGateway({ config: { providers: { lab } }, fetch: upstream.fetch }) };
  };
  const path = '/v1beta/models/m:generateContent';

  test('gets the word from a provider that is told to say nothing else', async () => {
    const { post, upstream, row } = setup(LAB_PROVIDERS.gpt, wholeChat('sun'));
    const response = await post(path, ask(SCHEMA));
    expect(response.headers.get('x-sluice-lost')).toBeNull();
    expect(await response.json()).toMatchObject({ candidates: [{ content: { parts: [{ text: 'sun' }] } }] });
    expect(JSON.stringify(upstream.requests[0]?.json())).toContain(String.raw`\"ra\\\"in\"`);
    expect((await row(0)).lost).toEqual([expect.stringContaining('response_format (approximated')]);
  });

  test('at Gemini it passes, also where the request is built anew', async () => {
    const { post, upstream } = setup(LAB_PROVIDERS.gemini, {});
    await post(path, ask(SCHEMA));
    expect(upstream.requests[0]?.json()).toEqual(ask(SCHEMA));
    const { body } = PROVIDER_SIDES.gemini.buildRequest(
      {
        ...{ model: 'm', stream: false, system: [], tools: [] },
        messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
        outputFormat: { type: 'choice', values: ['sun'] },
      },
      { model: 'm', quirks: {} },
    );
    expect(body.generationConfig).toEqual({
      responseMimeType: 'text/x.enum',
      responseSchema: { type: 'STRING', enum: ['sun'] },
    });
  });

  test.each([[{ ...SCHEMA, description: 'the sky' }], [{ type: 'STRING', enum: [] }], [{ type: 'STRING' }]])(
    'with a schema that says something else loses it by name: %j',
    async (schema) => {
      const { post, row } = setup(LAB_PROVIDERS.gpt, wholeChat('sun'));
      await post(path, ask(schema));
      expect((await row(0)).lost).toEqual([
        'generationConfig.responseMimeType',
        'generationConfig.responseSchema',
      ]);
    },
  );

  test('is answered by the simulator with one of them', async () => {
    const { post } = createTestGateway({
      config: { providers: { simulator: {} } },
      fetch: createReplayFetch(jsonReply({})).fetch,
    });
    const response = await post('/v1beta/models/simulator%2Ffast:generateContent', ask(SCHEMA));
    expect(await response.json()).toMatchObject({ candidates: [{ content: { parts: [{ text: 'sun' }] } }] });
  });
});
