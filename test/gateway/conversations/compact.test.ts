// A conversation that its provider summarises and encrypts (`/v1/responses/compact`): the first it goes to; others write text.
import { describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { callIdToWire, ownToken } from '../../../src/model/opaque-token.ts';
import type { ConfigInput } from '../../../src/index.ts';
import { jsonReply } from '../../support/reply.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const COMPACTED = {
  id: 'resp_1',
  object: 'response.compaction',
  created_at: 1,
  output: [{ id: 'cmp_1', type: 'compaction', encrypted_content: 'gAAA' }],
  usage: {
    input_tokens: 1_000,
    input_tokens_details: { cached_tokens: 600 },
    output_tokens: 100,
    output_tokens_details: { reasoning_tokens: 40 },
    total_tokens: 1_100,
  },
};
const BODY = { model: 'gpt-5', input: 'hi', instructions: 'Be brief.' };

function setup(
  providers: Record<string, Record<string, unknown>>,
  answer: unknown = COMPACTED,
  status = 200,
) {
  const upstream = createReplayFetch(jsonReply(answer, { status }));
  const [first = ''] = Object.keys(providers);
  const routing = { default_provider: first, fallback_chain: Object.keys(providers).slice(1) };
  return { upstream, ...createTestGateway({ config: { providers, routing }, fetch: upstream.fetch }) };
}

function sdk({ gateway }: Pick<ReturnType<typeof setup>, 'gateway'>) {
  const fetch = (url: string | URL | Request, init?: RequestInit) => gateway.fetch(new Request(url, init));
  return new OpenAI({ apiKey: 'x', baseURL: 'http://127.0.0.1:8088/v1', maxRetries: 0, fetch });
}

test('the client’s bytes go to OpenAI, the answer comes back as it is, and what it cost is in the row', async () => {
  const lab = setup({ openai: { api_key: 'k', forward_client_key: false } });
  expect(await sdk(lab).responses.compact(BODY)).toMatchObject(COMPACTED);
  const [request] = lab.upstream.requests;
  expect(request?.path).toBe('/v1/responses/compact');
  expect(request?.headers.get('authorization')).toBe('Bearer k');
  expect(request?.json()).toEqual(BODY);
  const row = await lab.row(0);
  expect(row).toMatchObject({ operation: 'compact', status: 'success', provider: 'openai', model: 'gpt-5' });
  expect(row.usage).toMatchObject({ inputTokens: 400, cacheReadTokens: 600, outputTokens: 100 });
  expect(row.costUsd).toBeGreaterThan(0);
});

test('what another provider left in the conversation does not go along', async () => {
  const lab = setup({ lab: LAB_PROVIDERS.responses });
  const call_id = callIdToWire('call_1', ownToken('gemini', 'secret-of-another'));
  const input = [
    { type: 'function_call', call_id, name: 'f', arguments: '{}' },
    { type: 'function_call_output', call_id, output: '1' },
  ];
  const response = await lab.post('/v1/responses/compact', { ...BODY, input, store: false });
  expect(response.status).toBe(200);
  const sent = lab.upstream.requests[0]?.json();
  expect(Object.keys(sent as object).sort()).toEqual(['input', 'instructions', 'model']);
  expect(JSON.stringify(sent)).not.toContain('sluice');
});

// "Encrypted function output content could not be decrypted or decoded."
test('what OpenAI would refuse of the conversation in other requests does not go along', async () => {
  const lab = setup({ lab: LAB_PROVIDERS.responses });
  const told = (part: object) => ({ type: 'agent_message', author: 'a', recipient: 'b', content: [part] });
  const thought = { type: 'reasoning', id: '3f2b', summary: [] };
  const input = [told({ type: 'encrypted_content', encrypted_content: 'Look around.' }), thought];
  const response = await lab.post('/v1/responses/compact', { ...BODY, input });
  expect(response.headers.get('x-sluice-lost')).toBe('reasoning');
  const taken = { ...BODY, input: [told({ type: 'input_text', text: 'Look around.' })] };
  expect(lab.upstream.requests[0]?.json()).toEqual(taken);
});

describe('where the first target fails', () => {
  const openai = { api_key: 'k', max_retries: 0 };
  const written = {
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn' },
    content: [{ type: 'text', text: 'They said hi.' }],
    usage: { input_tokens: 10, output_tokens: 5 },
  };
  const AS_TEXT = {
    ...{ id: 'resp_2', object: 'response', status: 'completed', model: 'm' },
    output: [
      {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'As text.', annotations: [] }],
      },
    ],
    usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  };
  const failing = (status: number, next: object, providers: ConfigInput['providers'] = {}) => {
    const upstream = createReplayFetch(({ path }) =>
      path.endsWith('/compact') ? jsonReply({ error: { message: 'down' } }, { status }) : jsonReply(next),
    );
    const routing = { default_provider: 'openai', fallback_chain: Object.keys(providers) };
    const config = { providers: { openai, ...providers }, routing };
    return { upstream, ...createTestGateway({ config, fetch: upstream.fetch }) };
  };

  test('the next writes a summary as text, which the first can read later', async () => {
    const lab = failing(500, written, { claude: LAB_PROVIDERS.claude });
    const { output } = await sdk(lab).responses.compact(BODY);
    const summary = output.find(({ type }) => type === 'compaction');
    expect(summary).toMatchObject({ encrypted_content: 'sluice:summary:They said hi.' });
    expect(lab.upstream.requests.map(({ path }) => path)).toEqual(['/v1/responses/compact', '/v1/messages']);
    expect(await lab.row(0)).toMatchObject({
      status: 'success',
      operation: 'compact',
      provider: 'claude',
      lost: ['compaction (approximated: a summary by the model, as text)'],
      usage: { inputTokens: 10, outputTokens: 5 },
      attempts: [
        { provider: 'openai', error: 'upstream_failed' },
        { provider: 'claude', error: null },
      ],
    });
  });

  test('another provider of Responses writes text too: the first could not read what it encrypts', async () => {
    const lab = failing(500, AS_TEXT, { responses: LAB_PROVIDERS.responses });
    const { output } = await sdk(lab).responses.compact(BODY);
    expect(JSON.stringify(output)).toContain('sluice:summary:As text.');
    expect(lab.upstream.requests.map(({ path }) => path)).toEqual(['/v1/responses/compact', '/v1/responses']);
  });

  test.each([404, 405, 501])('since it has no such path (%i), its own model writes text', async (status) => {
    const lab = failing(status, AS_TEXT, { claude: LAB_PROVIDERS.claude });
    const { output } = await sdk(lab).responses.compact(BODY);
    expect(JSON.stringify(output)).toContain('sluice:summary:As text.');
    expect(lab.upstream.requests.map(({ path }) => path)).toEqual(['/v1/responses/compact', '/v1/responses']);
    expect(await lab.row(0)).toMatchObject({ status: 'success', provider: 'openai' });
  });

  test('nobody else is asked after a refusal of the request, and without a next target the failure stands', async () => {
    const refused = failing(400, written, { claude: LAB_PROVIDERS.claude });
    expect((await refused.post('/v1/responses/compact', BODY)).status).toBe(400);
    expect(refused.upstream.requests).toHaveLength(1);
    const alone = failing(500, written);
    expect((await alone.post('/v1/responses/compact', BODY)).status).toBe(502);
    expect(alone.upstream.requests).toHaveLength(1);
  });
});

test('the simulator summarises too, and reads its own summary', async () => {
  const lab = setup({ simulator: {} });
  const { responses } = sdk(lab);
  const compacted = await responses.compact({ model: 'fast', input: 'What is the capital of Peru?' });
  expect(compacted.output.map(({ type }) => type)).toEqual(['message', 'compaction']);
  expect(compacted.usage.input_tokens).toBeGreaterThan(0);
  const input = [...compacted.output, { role: 'user', content: 'Go on.' }] as OpenAI.Responses.ResponseInput;
  expect((await responses.create({ model: 'fast', input })).output_text).toContain('Go on.');
});
