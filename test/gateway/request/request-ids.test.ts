// The id of a request in the header that the official SDKs read: the provider's own where it gave one, else the gateway's.
import { describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { MESSAGE, utf8, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const STREAM = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello') + MESSAGE.end);
const FAILURE = { type: 'error', error: { type: 'api_error', message: 'broken' } };

const CHAT = {
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
};
const CHAT_STREAM = utf8(
  'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
);

const providers = {
  claude: { ...LAB_PROVIDERS.claude, breaker: { enabled: false } },
  gpt: { ...LAB_PROVIDERS.gpt, breaker: { enabled: false } },
};

/** The gateway behind the SDKs' `fetch`, before a provider that answers so. */
function setup(reply: Reply, keys: string[] = []) {
  const { gateway } = createTestGateway({
    config: { server: { keys }, providers },
    fetch: createReplayFetch(() => reply).fetch,
  });
  const answers: Response[] = [];
  const fetch = async (url: string | URL | Request, init?: RequestInit) => {
    const answer = await gateway.fetch(new Request(url, init));
    answers.push(answer);
    return answer;
  };
  const shared = { maxRetries: 0, apiKey: 'sluice', fetch };
  return {
    anthropic: new Anthropic({ ...shared, baseURL: 'http://127.0.0.1:8088' }),
    openai: new OpenAI({ ...shared, baseURL: 'http://127.0.0.1:8088/v1' }),
    header: (name: string) => answers.at(-1)?.headers.get(name) ?? null,
  };
}

type Lab = ReturnType<typeof setup>;

/** Each resolves to the id that its SDK tells. */
const SDKS: Record<string, { header: string; answer(lab: Lab, model: string): Promise<unknown> }> = {
  'Anthropic, whole': {
    header: 'request-id',
    async answer({ anthropic }, model) {
      const messages = [{ role: 'user' as const, content: 'hi' }];
      return (await anthropic.messages.create({ model, max_tokens: 9, messages }))._request_id;
    },
  },
  'Anthropic, streamed': {
    header: 'request-id',
    async answer({ anthropic }, model) {
      const messages = [{ role: 'user' as const, content: 'hi' }];
      const stream = anthropic.messages.stream({ model, max_tokens: 9, messages });
      await stream.finalMessage();
      return stream.request_id;
    },
  },
  'OpenAI Chat, whole': {
    header: 'x-request-id',
    async answer({ openai }, model) {
      const messages = [{ role: 'user' as const, content: 'hi' }];
      return (await openai.chat.completions.create({ model, messages }))._request_id;
    },
  },
  'OpenAI Chat, streamed': {
    header: 'x-request-id',
    async answer({ openai }, model) {
      const messages = [{ role: 'user' as const, content: 'hi' }];
      const asked = openai.chat.completions.create({ model, messages, stream: true });
      const { data, request_id } = await asked.withResponse();
      for await (const _ of data);
      return request_id;
    },
  },
  'OpenAI Responses, whole': {
    header: 'x-request-id',
    answer: async ({ openai }, model) => (await openai.responses.create({ model, input: 'hi' }))._request_id,
  },
  'OpenAI Responses, streamed': {
    header: 'x-request-id',
    async answer({ openai }, model) {
      const { data, request_id } = await openai.responses
        .create({ model, input: 'hi', stream: true })
        .withResponse();
      for await (const _ of data);
      return request_id;
    },
  },
};

const ANSWERS = {
  claude: { whole: wholeMessage('Hello'), stream: STREAM },
  gpt: { whole: CHAT, stream: CHAT_STREAM },
};

function answerOf(provider: 'claude' | 'gpt', name: string, headers: Record<string, string>): Reply {
  const { whole, stream } = ANSWERS[provider];
  return name.endsWith('streamed') ? replyWith(stream, { headers }) : jsonReply(whole, { headers });
}

describe.each(Object.entries(SDKS))('%s', (name, { header, answer }) => {
  async function failedId(lab: Lab, model: string): Promise<unknown> {
    const error = await answer(lab, model).catch((thrown: unknown) => thrown);
    if (error instanceof Anthropic.APIError || error instanceof OpenAI.APIError) return error.requestID;
    throw error;
  }

  test.each(['claude', 'gpt'] as const)('an answer of %s, which names none', async (provider) => {
    const lab = setup(answerOf(provider, name, {}));
    const id = await answer(lab, `${provider}/m`);
    expect(id).toBeString();
    expect(id).toBe(lab.header('x-sluice-request-id'));
  });

  test.each(['claude', 'gpt'] as const)('an answer of %s, which names its own', async (provider) => {
    const lab = setup(answerOf(provider, name, { [header]: 'req_1' }));
    expect(await answer(lab, `${provider}/m`)).toBe('req_1');
    expect(lab.header(header)).toBe('req_1');
    expect(lab.header('x-sluice-request-id')).not.toBe('req_1');
  });

  test('a provider’s refusal, with and without', async () => {
    const named = setup(jsonReply(FAILURE, { status: 500, headers: { [header]: 'req_1' } }));
    expect(await failedId(named, 'claude/m')).toBe('req_1');
    const unnamed = setup(jsonReply(FAILURE, { status: 500 }));
    expect(await failedId(unnamed, 'claude/m')).toBe(unnamed.header('x-sluice-request-id'));
  });

  test('the gateway’s own refusal: no key', async () => {
    const lab = setup(jsonReply({}), ['gateway-key-0001']);
    const id = await failedId(lab, 'claude/m');
    expect(id).toBeString();
    expect(id).toBe(lab.header('x-sluice-request-id'));
  });
});

test('lists of models, and a path that is none', async () => {
  const lab = setup(jsonReply({ data: [{ id: 'm', object: 'model' }] }));
  const model = await lab.openai.models.retrieve('gpt/m');
  expect(model._request_id).toBeString();
  expect(model._request_id).toBe(lab.header('x-sluice-request-id'));
  const error = await lab.openai.models.retrieve('mistral/none').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OpenAI.NotFoundError);
  expect((error as InstanceType<typeof OpenAI.APIError>).requestID).toBe(lab.header('x-sluice-request-id'));
  const unknown = await lab.anthropic.post('/v1/complete', { body: {} }).catch((thrown: unknown) => thrown);
  expect(unknown).toBeInstanceOf(Anthropic.NotFoundError);
  expect((unknown as InstanceType<typeof Anthropic.APIError>).requestID).toBe(
    lab.header('x-sluice-request-id'),
  );
});
