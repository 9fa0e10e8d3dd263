// Batches that are read whole: the models that their requests name reach the provider as it knows them, or nothing does.
import { describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI, { toFile } from 'openai';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const PROVIDERS = {
  ...LAB_PROVIDERS,
  gpt: { ...LAB_PROVIDERS.gpt, models: { fast: 'gpt-5-mini' } },
  claude: { ...LAB_PROVIDERS.claude, models: { quick: 'claude-haiku-4-5' } },
  groq: { api_key: 'lab-key-groq' },
};

const MAPPINGS = [
  { from: 'cheap', to: ['groq/llama', 'gpt/gpt-5-nano'] },
  { from: 'claude-haiku-*', to: 'gpt/gpt-5-mini-with-a-longer-name' },
  { from: 'claude-*', to: 'groq/llama' },
  { from: 'as-it-is-*', to: 'gpt' },
];

function setup(model_mappings: typeof MAPPINGS = []) {
  const upstream = createReplayFetch(jsonReply({ id: 'x', object: 'file' }));
  const lab = createTestGateway({
    config: { providers: PROVIDERS, routing: { default_provider: 'gpt', model_mappings } },
    fetch: upstream.fetch,
  });
  const toGateway = {
    apiKey: 'sluice',
    maxRetries: 0,
    fetch: (input: Parameters<typeof fetch>[0], init?: RequestInit) =>
      lab.gateway.fetch(new Request(input, init)),
  };
  return {
    ...lab,
    openai: new OpenAI({ baseURL: 'http://127.0.0.1:8088/v1', ...toGateway }),
    anthropic: new Anthropic({ baseURL: 'http://127.0.0.1:8088', ...toGateway }),
    requests: upstream.requests,
    /** The body of the one request that was sent. */
    sent: () => new TextDecoder().decode(new Uint8Array(upstream.requests[0]?.body ?? [])),
  };
}

function linesOf(...models: string[]): string {
  return models
    .map((model, place) => ({
      custom_id: String(place),
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model },
    }))
    .map((request) => `${JSON.stringify(request)}\n`)
    .join('');
}

async function asFile(text: string) {
  return toFile(new TextEncoder().encode(text), 'batch.jsonl');
}

function modelsIn(form: string): unknown[] {
  return [...form.matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line).body.model);
}

function messageOf(refused: Promise<unknown>): Promise<string> {
  return refused.then(
    () => '',
    (thrown: Error) => thrown.message,
  );
}

describe('OpenAI’s batch files', () => {
  test('name models as the provider knows them', async () => {
    const lab = setup();
    const file = await asFile(linesOf('gpt/gpt-5', 'fast', 'gpt/fast', 'gpt-4.1', 'org/finetuned'));
    await lab.openai.files.create({ file, purpose: 'batch' });
    expect(modelsIn(lab.sent())).toEqual(['gpt-5', 'gpt-5-mini', 'gpt-5-mini', 'gpt-4.1', 'org/finetuned']);
  });

  test('are known by the purpose: other files pass byte for byte', async () => {
    const lab = setup();
    const text = linesOf('gpt/gpt-5', 'groq/llama');
    await lab.openai.files.create({ file: await asFile(text), purpose: 'user_data' });
    expect(lab.sent()).toContain(text);
  });

  test('that name another provider’s model are refused before anything is sent', async () => {
    const lab = setup();
    const file = await asFile(linesOf('gpt-5', 'groq/llama-3.3-70b'));
    const refused = lab.openai.files.create({ file, purpose: 'batch' });
    expect(await messageOf(refused)).toContain(
      'line 2 asks for "groq/llama-3.3-70b", but all requests of a batch go to one provider, this one\'s to gpt; name a model of gpt there; or send the header "x-sluice-target: groq"',
    );
    expect(lab.requests).toHaveLength(0);
    expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'invalid_request' });
  });

  test('go to the provider that the header names, with its names, which may look like another’s', async () => {
    const lab = setup();
    const file = await asFile(linesOf('groq/llama-3.3-70b', 'gpt/oss'));
    await lab.openai.files.create({ file, purpose: 'batch' }, { headers: { 'x-sluice-target': 'groq' } });
    expect(lab.requests[0]?.headers.get('authorization')).toBe('Bearer lab-key-groq');
    expect(modelsIn(lab.sent())).toEqual(['llama-3.3-70b', 'gpt/oss']);
  });

  test('name what a mapping makes of a model at the provider; one that leads elsewhere changes nothing', async () => {
    const lab = setup(MAPPINGS);
    const text = linesOf('cheap', 'claude-haiku-4-5', 'claude-opus-4-5', 'as-it-is-1', 'gpt/cheap');
    await lab.openai.files.create({ file: await asFile(text), purpose: 'batch' });
    const mapped = ['gpt-5-nano', 'gpt-5-mini-with-a-longer-name', 'claude-opus-4-5', 'as-it-is-1', 'cheap'];
    expect(modelsIn(lab.sent())).toEqual(mapped);
  });

  test('that are too long to be held are mapped too, with names of any length', async () => {
    const lab = setup(MAPPINGS);
    const many = Array.from({ length: 20_000 }, () => 'claude-haiku-4-5');
    await lab.openai.files.create({ file: await asFile(linesOf(...many)), purpose: 'batch' });
    expect(modelsIn(lab.sent())).toEqual(many.map(() => 'gpt-5-mini-with-a-longer-name'));
  });

  test('keep their models where the header names the provider', async () => {
    const lab = setup(MAPPINGS);
    const file = await asFile(linesOf('cheap', 'fast'));
    await lab.openai.files.create({ file, purpose: 'batch' }, { headers: { 'x-sluice-target': 'gpt' } });
    expect(modelsIn(lab.sent())).toEqual(['cheap', 'gpt-5-mini']);
  });

  test('ask for the model that the header names', async () => {
    const lab = setup();
    const file = await asFile(linesOf('gpt-5', 'groq/llama'));
    await lab.openai.files.create({ file, purpose: 'batch' }, { headers: { 'x-sluice-target': 'gpt/fast' } });
    expect(modelsIn(lab.sent())).toEqual(['gpt-5-mini', 'gpt-5-mini']);
  });
});

describe('Anthropic’s batches', () => {
  const requestsOf = (...models: string[]) =>
    models.map((model, place) => ({
      custom_id: String(place),
      params: { model, max_tokens: 5, messages: [{ role: 'user' as const, content: 'Hi' }] },
    }));

  test('name models as the provider knows them; the row has what the client sent', async () => {
    const lab = setup();
    await lab.anthropic.messages.batches.create({
      requests: requestsOf('claude/claude-x', 'quick', 'claude-y'),
    });
    const models = JSON.parse(lab.sent()).requests.map(
      (each: { params: { model: string } }) => each.params.model,
    );
    expect(models).toEqual(['claude-x', 'claude-haiku-4-5', 'claude-y']);
    expect((await lab.row(0)).requestBody).toContain('claude/claude-x');
  });

  test('that name another provider’s model are refused before anything is sent', async () => {
    const lab = setup();
    const refused = lab.anthropic.messages.batches.create({ requests: requestsOf('claude-x', 'gpt/gpt-5') });
    expect(await messageOf(refused)).toMatch(
      /requests\[1\]\.params\.model asks for .*; name a model of claude there; gpt gets none of this dialect/,
    );
    expect(lab.requests).toHaveLength(0);
  });
});
