// A history that grows turn by turn, as agents send it, at a provider that keeps prompts as Claude does: only up to breakpoints,
// and found again only where the same begins a later prompt. All but each turn's own content must be read from that cache, and
// the client must read so in the counts of its own dialect.
import { describe, expect, test } from 'bun:test';
import { asArray, asObject, type JsonObject, type JsonValue } from '../../../src/model/json/json.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const TURNS = 5;
/** In tokens, each turn's result. */
const RESULT = 2_000;
const SYSTEM = 'You are a coding agent. '.repeat(400);
const PRICES = {
  input_per_million: 3,
  output_per_million: 15,
  cache_read_per_million: 0.3,
  cache_write_per_million: 3.75,
};
const OUTPUT = 10;
const CLAUDE = 'anthropic.claude-opus-4-8';

interface Usage {
  fresh: number;
  read: number;
  written: number;
}

/** A block of the prompt, in the order in which the provider reads it. */
interface Block {
  text: string;
  ends: boolean;
}

/** How many blocks before a breakpoint may lie what is kept. */
const LOOKS_BACK = 20;

class PromptCache {
  readonly #kept = new Set<string>();

  ask(blocks: readonly Block[]): Usage {
    const prefixes = blocks.map((_, at) => JSON.stringify(blocks.slice(0, at + 1).map(({ text }) => text)));
    const ends = blocks.flatMap(({ ends: isEnd }, at) => (isEnd ? [at] : []));
    let found = -1;
    for (const end of ends)
      for (let at = end; at >= Math.max(0, end - LOOKS_BACK); at--)
        if (at > found && this.#kept.has(prefixes[at] ?? '')) found = at;
    for (const end of ends) this.#kept.add(prefixes[end] ?? '');
    const tokens = (until: number) =>
      blocks.slice(0, until + 1).reduce((sum, { text }) => sum + Math.ceil(text.length / 4), 0);
    const last = Math.max(found, ends.at(-1) ?? -1);
    return {
      read: tokens(found),
      written: tokens(last) - tokens(found),
      fresh: tokens(blocks.length - 1) - tokens(last),
    };
  }
}

interface Wire {
  provider: JsonObject;
  model: string;
  blocks(body: JsonObject): Block[];
  answer(turn: number, usage: Usage): JsonObject;
}

const objects = (value: JsonValue | undefined) => (asArray(value) ?? []).map((each) => asObject(each) ?? {});

/** With `cache_control` on the blocks that it ends. A text alone may be given as a string, which is the same prompt. */
function markedBlocks(content: JsonValue | undefined): Block[] {
  if (typeof content === 'string')
    return [{ text: JSON.stringify({ type: 'text', text: content }), ends: false }];
  return objects(content).map(({ cache_control: mark, ...block }) => ({
    text: JSON.stringify(block),
    ends: mark !== undefined,
  }));
}

/** With a block of its own behind them. */
function pointedBlocks(content: JsonValue | undefined): Block[] {
  const blocks: Block[] = [];
  for (const block of objects(content)) {
    const last = blocks.at(-1);
    if (block.cachePoint === undefined) blocks.push({ text: JSON.stringify(block), ends: false });
    else if (last !== undefined) last.ends = true;
  }
  return blocks;
}

const isLast = (turn: number) => turn === TURNS - 1;

const messagesAnswer: Wire['answer'] = (turn, { fresh, read, written }) => ({
  id: `msg_${turn}`,
  type: 'message',
  role: 'assistant',
  model: CLAUDE,
  content: [
    { type: 'text', text: `Step ${turn}.` },
    ...(isLast(turn) ? [] : [{ type: 'tool_use', id: `toolu_${turn}`, name: 'shell', input: { n: turn } }]),
  ],
  stop_reason: isLast(turn) ? 'end_turn' : 'tool_use',
  stop_sequence: null,
  usage: {
    input_tokens: fresh,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
    output_tokens: OUTPUT,
  },
});

const messagesBlocks: Wire['blocks'] = ({ tools, system, messages }) => [
  ...markedBlocks(tools),
  ...(system === undefined ? [] : markedBlocks(system)),
  ...objects(messages).flatMap(({ content }) => markedBlocks(content)),
];

const BEDROCK = { base_url: 'http://upstream.test', api_key: 'lab-key', max_retries: 0 };

const WIRES: Record<string, Wire> = {
  'Anthropic Messages': {
    provider: { dialect: 'anthropic-messages', ...BEDROCK },
    model: 'claude-opus-4-8',
    blocks: messagesBlocks,
    answer: messagesAnswer,
  },
  InvokeModel: {
    provider: { kind: 'bedrock-anthropic', ...BEDROCK },
    model: CLAUDE,
    blocks: messagesBlocks,
    answer: messagesAnswer,
  },
  Converse: {
    provider: { kind: 'bedrock', ...BEDROCK },
    model: CLAUDE,
    blocks: ({ toolConfig, system, messages }) => [
      ...pointedBlocks(asObject(toolConfig)?.tools),
      ...pointedBlocks(system),
      ...objects(messages).flatMap(({ content }) => pointedBlocks(content)),
    ],
    answer: (turn, { fresh, read, written }) => ({
      output: {
        message: {
          role: 'assistant',
          content: [
            { text: `Step ${turn}.` },
            ...(isLast(turn)
              ? []
              : [{ toolUse: { toolUseId: `tooluse_${turn}`, name: 'shell', input: { n: turn } } }]),
          ],
        },
      },
      stopReason: isLast(turn) ? 'end_turn' : 'tool_use',
      usage: {
        inputTokens: fresh,
        cacheReadInputTokens: read,
        cacheWriteInputTokens: written,
        outputTokens: OUTPUT,
        totalTokens: fresh + read + written + OUTPUT,
      },
    }),
  },
  OpenRouter: {
    provider: { kind: 'openrouter', base_url: 'http://upstream.test/v1', api_key: 'lab-key', max_retries: 0 },
    model: 'anthropic/claude-opus-4.8',
    blocks: ({ tools, messages }) => [
      ...markedBlocks(tools),
      ...objects(messages).flatMap(({ content, tool_calls: calls }) => [
        ...(content === null || content === undefined ? [] : markedBlocks(content)),
        ...markedBlocks(calls),
      ]),
    ],
    answer: (turn, { fresh, read, written }) => {
      const call = { name: 'shell', arguments: JSON.stringify({ n: turn }) };
      const calls = [{ id: `call_${turn}`, type: 'function', function: call }];
      const message = {
        role: 'assistant',
        content: `Step ${turn}.`,
        ...(!isLast(turn) && { tool_calls: calls }),
      };
      const choice = { index: 0, message, finish_reason: isLast(turn) ? 'stop' : 'tool_calls' };
      const prompt = fresh + read + written;
      return {
        id: `gen-${turn}`,
        object: 'chat.completion',
        model: 'anthropic/claude-opus-4.8',
        choices: [choice],
        usage: {
          prompt_tokens: prompt,
          completion_tokens: OUTPUT,
          total_tokens: prompt + OUTPUT,
          prompt_tokens_details: { cached_tokens: read, cache_write_tokens: written },
        },
      };
    },
  },
};

interface Client {
  path: string;
  /** @param history as the client keeps it. */
  ask(history: JsonObject[]): JsonObject;
  question(text: string): JsonObject;
  /** What it appends to its history: the answer, and the results of the calls in it. */
  append(answer: JsonObject, result: string): JsonObject[];
  /** Prompt tokens that the answer says, and how many of them came from the cache. */
  counted(answer: JsonObject): [JsonValue | undefined, JsonValue | undefined];
}

const PARAMETERS: JsonObject = {
  type: 'object',
  properties: { n: { type: 'integer', description: 'Which. '.repeat(300) } },
};

const CLIENTS: Record<string, Client> = {
  'Chat Completions': {
    path: '/v1/chat/completions',
    ask: (messages) => ({
      model: 'm',
      messages: [{ role: 'system', content: SYSTEM }, ...messages],
      tools: [{ type: 'function', function: { name: 'shell', parameters: PARAMETERS } }],
    }),
    question: (content) => ({ role: 'user', content }),
    append(answer, content) {
      const message = asObject(objects(answer.choices)[0]?.message) ?? {};
      const results = objects(message.tool_calls).map(
        ({ id }): JsonObject => ({ role: 'tool', tool_call_id: id, content }),
      );
      return [message, ...results];
    },
    counted({ usage }) {
      const counts = asObject(usage);
      return [counts?.prompt_tokens, asObject(counts?.prompt_tokens_details)?.cached_tokens];
    },
  },
  Responses: {
    path: '/v1/responses',
    ask: (input) => ({
      model: 'm',
      instructions: SYSTEM,
      input,
      store: false,
      tools: [{ type: 'function', name: 'shell', parameters: PARAMETERS, strict: false }],
    }),
    question: (text) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }),
    append(answer, output) {
      const items = objects(answer.output);
      const calls = items.filter(({ type }) => type === 'function_call');
      return [...items, ...calls.map(({ call_id }) => ({ type: 'function_call_output', call_id, output }))];
    },
    counted({ usage }) {
      const counts = asObject(usage);
      return [counts?.input_tokens, asObject(counts?.input_tokens_details)?.cached_tokens];
    },
  },
  Gemini: {
    path: '/v1beta/models/m:generateContent',
    ask: (contents) => ({
      contents,
      systemInstruction: { parts: [{ text: SYSTEM }] },
      tools: [{ functionDeclarations: [{ name: 'shell', parametersJsonSchema: PARAMETERS }] }],
    }),
    question: (text) => ({ role: 'user', parts: [{ text }] }),
    append(answer, output) {
      const content = asObject(objects(answer.candidates)[0]?.content) ?? {};
      const parts = objects(content.parts).flatMap(({ functionCall }) => {
        const { name, id } = asObject(functionCall) ?? {};
        return name === undefined ? [] : [{ functionResponse: { name, id, response: { output } } }];
      });
      return parts.length === 0 ? [content] : [content, { role: 'user', parts }];
    },
    counted({ usageMetadata }) {
      const counts = asObject(usageMetadata);
      return [counts?.promptTokenCount, counts?.cachedContentTokenCount ?? 0];
    },
  },
};

const WAYS = Object.keys(CLIENTS).flatMap((client) =>
  Object.keys(WIRES)
    // A client of its own dialect places its own there: its bytes pass.
    .filter((wire) => client !== 'Chat Completions' || wire !== 'OpenRouter')
    .map((wire) => [client, wire] as const),
);

async function converse(clientName: string, wireName: string, transformers: string[] = []) {
  const client = CLIENTS[clientName];
  const wire = WIRES[wireName];
  if (client === undefined || wire === undefined) throw new Error('no such pair');
  const cache = new PromptCache();
  const prompts: Block[][] = [];
  const used: Usage[] = [];
  const upstream = createReplayFetch((request) => {
    const blocks = wire.blocks(request.json() as JsonObject);
    const usage = cache.ask(blocks);
    used.push(usage);
    return jsonReply(wire.answer(prompts.push(blocks) - 1, usage));
  });
  const { post, row } = createTestGateway({
    config: {
      providers: { lab: { ...wire.provider, transformers } },
      routing: { default_provider: 'lab' },
      costs: { pricing_overrides: { 'lab/*': PRICES } },
    },
    fetch: upstream.fetch,
  });
  const history: JsonObject[] = [client.question('Fix it.')];
  const answers: JsonObject[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const headers = { 'x-sluice-target': `lab/${wire.model}` };
    const response = await post(client.path, client.ask(history), { headers });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-sluice-lost')).toBeNull();
    const answer = (await response.json()) as JsonObject;
    answers.push(answer);
    history.push(...client.append(answer, `${turn} `.repeat(2 * RESULT)));
  }
  const rows = await Promise.all(Array.from({ length: TURNS }, (_, at) => row(at)));
  return { client, prompts, used, answers, rows };
}

describe.each(WAYS)('a client of %s at %s', (clientName, wireName) => {
  test('sends the same prompt up to each breakpoint of the request before', async () => {
    const { prompts } = await converse(clientName, wireName);
    for (const [turn, blocks] of prompts.entries()) {
      const before = prompts[turn - 1] ?? [];
      expect(blocks.slice(0, before.length).map(({ text }) => text)).toEqual(before.map(({ text }) => text));
      const ends = blocks.filter(({ ends: isEnd }) => isEnd).length;
      // A first request may be the only one.
      expect(ends).toBe(turn === 0 ? 0 : 3);
      expect(blocks.at(-1)?.ends).toBe(turn > 0);
    }
  });

  test('pays in full for what is new alone, and reads so in its own counts', async () => {
    const { client, used, answers, rows } = await converse(clientName, wireName);
    const cost = (usage: Usage) =>
      (usage.fresh * PRICES.input_per_million +
        usage.read * PRICES.cache_read_per_million +
        usage.written * PRICES.cache_write_per_million +
        OUTPUT * PRICES.output_per_million) /
      1e6;
    for (const [turn, usage] of used.entries()) {
      const prompt = usage.fresh + usage.read + usage.written;
      // All of the prompt before, but for the first, which was not kept.
      const before = used[turn - 1];
      const kept = turn < 2 || before === undefined ? 0 : before.fresh + before.read + before.written;
      expect(usage.read).toBe(kept);
      expect(turn === 0 ? usage.written : usage.fresh).toBe(0);
      expect(client.counted(answers[turn] ?? {})).toEqual([prompt, usage.read]);
      expect(rows[turn]?.usage).toMatchObject({
        inputTokens: usage.fresh,
        cacheReadTokens: usage.read,
        cacheWriteTokens: usage.written,
      });
      expect(rows[turn]?.costUsd).toBeCloseTo(cost(usage), 9);
    }
    const paid = rows.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
    const { rows: uncached } = await converse(clientName, wireName, ['clean_cache']);
    const full = uncached.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
    expect(uncached.every(({ usage }) => usage.cacheReadTokens === 0)).toBe(true);
    expect(paid).toBeLessThan(0.6 * full);
  });
});
