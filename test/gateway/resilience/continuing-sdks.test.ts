// The official SDKs read an answer that two targets told as one: one message, its ids, its text, its counts.
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { DIALECT_IDS, type DialectId } from '../../../src/model/dialect-id.ts';
import { createSimulator } from '../../../src/simulator/index.ts';
import { createTestGateway } from '../../support/test-gateway.ts';
import { createOllamaClient } from '../../conformance/clients.ts';
import { createVirtualTime } from '../../simulator/virtual-time.ts';

const GATEWAY = 'http://127.0.0.1:8088';
const KEY = 'not-a-real-key';
const TEXT = 'The sky is blue.';

interface Read {
  id: string | undefined;
  text: string;
  /** As the SDK has them at the end. */
  tokens: number | undefined;
}

type Fetch = typeof globalThis.fetch;

const SDKS: Record<DialectId, (fetch: Fetch) => Promise<Read>> = {
  async 'anthropic-messages'(fetch) {
    const client = new Anthropic({ apiKey: KEY, baseURL: GATEWAY, fetch, maxRetries: 0 });
    const { id, content, usage } = await client.messages
      .stream({ model: 'm', max_tokens: 99, messages: [{ role: 'user', content: TEXT }] })
      .finalMessage();
    const text = content.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`)).join('|');
    return { id, text, tokens: usage.output_tokens };
  },
  async 'openai-chat'(fetch) {
    const client = new OpenAI({ apiKey: KEY, baseURL: `${GATEWAY}/v1`, fetch, maxRetries: 0 });
    const stream = client.chat.completions.stream({
      model: 'm',
      messages: [{ role: 'user', content: TEXT }],
      stream_options: { include_usage: true },
    });
    const ids = new Set<string>();
    for await (const chunk of stream) ids.add(`${chunk.id} of ${chunk.created}`);
    expect([...ids]).toHaveLength(1);
    const { id, choices, usage } = await stream.finalChatCompletion();
    return { id, text: choices[0]?.message.content ?? '', tokens: usage?.completion_tokens };
  },
  async 'openai-responses'(fetch) {
    const client = new OpenAI({ apiKey: KEY, baseURL: `${GATEWAY}/v1`, fetch, maxRetries: 0 });
    const stream = client.responses.stream({ model: 'm', input: TEXT });
    const numbers: number[] = [];
    const items = new Set<string>();
    for await (const event of stream) {
      numbers.push(event.sequence_number);
      if ('item_id' in event) items.add(event.item_id);
      if (event.type === 'response.output_item.done') items.add(event.item.id ?? '');
    }
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    expect(items.size).toBe(1);
    const { id, output_text, output, usage, created_at } = await stream.finalResponse();
    expect([output.length, created_at > 0]).toEqual([1, true]);
    return { id, text: output_text, tokens: usage?.output_tokens };
  },
  async gemini(fetch) {
    const client = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: GATEWAY, fetch } });
    const chat = client.chats.create({ model: 'm' });
    const ids = new Set<string | undefined>();
    let tokens: number | undefined;
    for await (const chunk of await chat.sendMessageStream({ message: TEXT })) {
      ids.add(chunk.responseId);
      tokens = chunk.usageMetadata?.candidatesTokenCount ?? tokens;
    }
    expect(ids.size).toBe(1);
    const answers = chat.getHistory(true).filter(({ role }) => role === 'model');
    const text = answers.flatMap(({ parts }) => parts ?? []).map((part) => part.text ?? '');
    return { id: [...ids][0], text: text.join(''), tokens };
  },
  async 'ollama-chat'(fetch) {
    const client = createOllamaClient(fetch, GATEWAY);
    const messages = [{ role: 'user', content: TEXT }];
    const lines = await Array.fromAsync(await client.chat({ model: 'm', messages, stream: true }));
    expect(lines.map(({ done }) => done)).toEqual([...lines.slice(1).map(() => false), true]);
    const text = lines.map(({ message }) => message.content).join('');
    // Its answers have no ids.
    return { id: undefined, text, tokens: lines.at(-1)?.eval_count };
  },
};

const simulator = createSimulator(createVirtualTime());

const provider = (name: string, dialect: DialectId) => ({
  dialect,
  base_url: `http://simulator.test/${name}${dialect.startsWith('openai') ? '/v1' : ''}`,
  api_key: 'key-of-lab',
});

for (const client of DIALECT_IDS) {
  describe(`the SDK of ${client}`, () => {
    for (const first of DIALECT_IDS) {
      for (const next of DIALECT_IDS) {
        test(`${first}, then ${next}`, async () => {
          const lab = createTestGateway({
            config: {
              providers: { one: provider('one', first), two: provider('two', next) },
              routing: {
                model_mappings: [{ from: 'm', to: 'one/echo,fast,fault=cut:3' }],
                fallback_chain: ['two/echo,fast'],
                continue_streams: true,
              },
            },
            fetch: (url, init) => simulator.fetch(new Request(url, init)),
          });
          const fetch = ((input: string | URL | Request, init?: RequestInit) =>
            lab.gateway.fetch(new Request(input, init))) as Fetch;
          const { id, text, tokens } = await SDKS[client](fetch);
          expect(text).toBe(TEXT);
          if (client !== 'ollama-chat') expect(id).toBeTruthy();
          // Passed on as it came, the envelope has the provider's own id.
          if (first === client && client !== 'ollama-chat') expect(id).toContain('sim-');
          const row = await lab.row(0);
          expect(row).toMatchObject({ status: 'success', provider: 'two' });
          expect(row.attempts).toMatchObject([
            { error: 'upstream_truncated' },
            { error: null, continued: 'repeated' },
          ]);
          expect(tokens).toBe(row.usage.outputTokens);
        });
      }
    }
  });
}
