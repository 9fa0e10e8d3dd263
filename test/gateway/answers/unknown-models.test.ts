// A provider that answers 400 for a model that it does not have: clients of other dialects, which look at the status, get a 404.
import { expect, test } from 'bun:test';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

async function refused(client: DialectId, wire: keyof typeof PROVIDER_WIRES, body: JsonObject) {
  const { post } = createTestGateway({
    config: { providers: { lab: PROVIDER_WIRES[wire].config }, routing: { default_provider: 'lab' } },
    fetch: createReplayFetch(jsonReply(body, { status: 400 })).fetch,
  });
  const { path, body: asked } = clientRequest(client, { stream: true });
  const response = await post(path, asked);
  return { status: response.status, body: await response.json() };
}

const BEDROCKS = { message: 'The provided model identifier is invalid.' };
const DEEPSEEKS = { error: { message: 'Model Not Exist', type: 'invalid_request_error' } };

test.each([
  ['DeepSeek', 'openai-chat', DEEPSEEKS],
  [
    'Mistral',
    'openai-chat',
    { object: 'error', message: 'Invalid model: m', type: 'invalid_model', code: '1500' },
  ],
  [
    'GitHub Copilot',
    'openai-chat',
    {
      error: {
        message: 'The requested model is not supported.',
        code: 'model_not_supported',
        param: 'model',
      },
    },
  ],
  ['OpenRouter', 'openai-chat', { error: { message: 'm is not a valid model ID', code: 400 } }],
  ['Z.ai', 'openai-chat', { error: { code: '1211', message: '模型不存在，请检查模型代码。' } }],
  [
    'OpenAI',
    'openai-responses',
    { error: { message: 'No m.', type: 'invalid_request_error', code: 'model_not_found' } },
  ],
  ['Bedrock', 'bedrock-converse', BEDROCKS],
] as const)('%s', async (_, wire, body) => {
  expect(await refused('anthropic-messages', wire, body)).toMatchObject({
    status: 404,
    body: { error: { type: 'not_found_error' } },
  });
});

test('Codex takes it for such a failure too', async () => {
  expect(await refused('openai-responses', 'bedrock-converse', BEDROCKS)).toMatchObject({
    status: 404,
    body: { error: { code: 'model_not_found' } },
  });
});

test('any other refusal, and one for a client of the dialect, has the status that the provider gave', async () => {
  const other = { error: { message: 'The model does not take images', type: 'invalid_request_error' } };
  expect((await refused('anthropic-messages', 'openai-chat', other)).status).toBe(400);
  expect(await refused('openai-chat', 'openai-chat', DEEPSEEKS)).toEqual({ status: 400, body: DEEPSEEKS });
});
