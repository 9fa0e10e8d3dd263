// Two turns at a Messages provider, asked by the openai SDK: the second sends the SDK's own history back. What
// the provider signed reaches it as it gave it, its tool calls keep their ids, and each result finds its call.
import { describe, expect, test } from 'bun:test';
import type { ContentBlock, Message } from '@anthropic-ai/sdk/resources/messages';
import type OpenAI from 'openai';
import type {
  ChatCompletionChunk,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessageParam,
  ChatCompletionTool,
} from 'openai/resources/chat/completions';
import { type Recording, recordings } from '../support/recordings.ts';
import { CLIENTS, createOpenaiClient } from './clients.ts';
import { asOneText } from './expected.ts';
import { directFetch, type GatewayFor } from './gateway-for.ts';
import { ASK, type Json, resultFor, secondRequest, SYSTEM, twoTurns } from './multi-turn.ts';
import { foldChunks } from './read-openai.ts';

type Ask = ChatCompletionCreateParamsNonStreaming;
type Completions = OpenAI['chat']['completions'];
type StreamAsk = Parameters<Completions['stream']>[0];

/** How a client comes by the message that it sends back. */
const KEEPERS: Record<string, (completions: Completions, ask: Ask) => Promise<Json>> = {
  'the whole message': async (completions, ask) => ({
    ...(await completions.create(ask)).choices[0]?.message,
  }),
  'all chunks': async (completions, ask) =>
    foldMessage(await Array.fromAsync(await completions.create({ ...ask, stream: true }))),
  "the SDK's stream helper": async (completions, ask) => ({
    ...(await completions.stream({ ...ask, stream: true } as StreamAsk).finalMessage()),
  }),
};

/** What a client that keeps all it is told makes of a stream. */
function foldMessage(chunks: readonly ChatCompletionChunk[]): Json {
  const { text, calls } = foldChunks(chunks);
  const details = chunks.flatMap((chunk) => {
    const delta = (chunk.choices[0]?.delta ?? {}) as { reasoning_details?: unknown[] };
    return delta.reasoning_details ?? [];
  });
  const toolCalls = calls.map(({ id, name, arguments: given }) => ({
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(given) },
  }));
  return {
    role: 'assistant',
    content: text === '' ? null : text,
    ...(details.length > 0 && { reasoning_details: details }),
    ...(calls.length > 0 && { tool_calls: toolCalls }),
  };
}

/** What of the provider's own blocks must come back to it: all that it signed, text, and calls. */
function owed(content: readonly ContentBlock[]): { signed: Json[]; text: string; calls: Json[] } {
  const signed: Json[] = [];
  const calls: Json[] = [];
  let text = '';
  for (const block of content) {
    if (block.type === 'text') text += block.text;
    else if (block.type === 'redacted_thinking') signed.push({ type: block.type, data: block.data });
    // Ollama signs nothing, and a provider that does would refuse what is not signed.
    else if (block.type === 'thinking' && block.signature) {
      signed.push({ type: block.type, thinking: block.thinking, signature: block.signature });
    } else if (block.type === 'tool_use') {
      calls.push({ type: block.type, id: block.id, name: block.name, input: block.input });
    }
  }
  return { signed, text, calls };
}

async function playTwoTurns(recording: Recording, given: Message, keeper: string, extra: Partial<Ask>) {
  const gateway = twoTurns(recording);
  const { completions } = createOpenaiClient(gateway.fetch).chat;
  const names = new Set(given.content.flatMap((block) => (block.type === 'tool_use' ? [block.name] : [])));
  const tools = [...names].map(
    (name): ChatCompletionTool => ({ type: 'function', function: { name, parameters: { type: 'object' } } }),
  );
  const asked: ChatCompletionMessageParam[] = [
    { role: 'system', content: SYSTEM },
    { role: 'user', content: ASK },
  ];
  const body = { model: 'claude-sonnet-4-5', max_tokens: 4096, ...(tools.length > 0 && { tools }), ...extra };
  const kept = await KEEPERS[keeper]?.(completions, { ...body, messages: asked });
  const calls = (kept?.tool_calls ?? []) as { id: string }[];
  const results = calls.map(
    ({ id }): ChatCompletionMessageParam => ({ role: 'tool', tool_call_id: id, content: resultFor(id) }),
  );
  const next: ChatCompletionMessageParam[] =
    results.length > 0 ? results : [{ role: 'user', content: 'Go on.' }];
  const history = [...asked, kept as unknown as ChatCompletionMessageParam, ...next];
  const second = { ...body, messages: history, stream: recording.streamed };
  await (await completions.create(second).asResponse()).text();
  return gateway;
}

function expectOwed(gateway: GatewayFor, given: Message): void {
  const { signed, text, calls } = owed(given.content);
  const { system, messages } = secondRequest(gateway);
  const [user, assistant, last] = messages;
  expect(messages.length).toBe(3);
  expect(system).toBe(SYSTEM);
  expect(user).toEqual({ role: 'user', content: ASK });
  expect(assistant?.role).toBe('assistant');
  const content = assistant?.content ?? [];
  const blocks = (typeof content === 'string' ? [{ type: 'text', text: content }] : content) as Json[];
  expect(blocks.slice(0, signed.length)).toEqual(signed);
  const rest = blocks.slice(signed.length);
  expect(rest.map((block) => (block.type === 'text' ? block.text : '')).join('')).toBe(asOneText(text));
  expect(rest.filter((block) => block.type !== 'text')).toEqual(calls);
  const results = calls.map(({ id }) => ({
    type: 'tool_result',
    tool_use_id: id,
    content: resultFor(String(id)),
  }));
  expect(last).toEqual({ role: 'user', content: results.length > 0 ? results : 'Go on.' });
}

const withThinking = recordings('anthropic-messages', { status: 'ok' }).filter(
  ({ features, id }) =>
    features.some((feature) => ['tools', 'thinking', 'redacted-thinking'].includes(feature)) &&
    // Its one call has arguments that max_tokens cut: no client sends such a turn back.
    !id.endsWith('incomplete-partial-json-response'),
);

for (const recording of withThinking) {
  describe(recording.id, () => {
    for (const keeper of Object.keys(KEEPERS)) {
      if (recording.streamed === (keeper === 'the whole message')) continue;

      test(`kept from ${keeper}`, async () => {
        const options = { stream: recording.streamed, tools: [] };
        const given = (await CLIENTS.anthropic.ask(directFetch(recording), options)).raw as Message;
        const { signed, calls } = owed(given.content);
        // With thinking off, Claude takes none of it back while its calls go on.
        const thinks = signed.length > 0 && calls.length > 0;
        const gateway = await playTwoTurns(
          recording,
          given,
          keeper,
          thinks ? { reasoning_effort: 'low' } : {},
        );
        expectOwed(gateway, given);
      });
    }

    test('thinking asked for', async () => {
      const options = { stream: recording.streamed, tools: [] };
      const given = (await CLIENTS.anthropic.ask(directFetch(recording), options)).raw as Message;
      const { signed, calls } = owed(given.content);
      const keeper = recording.streamed ? 'all chunks' : 'the whole message';
      const gateway = await playTwoTurns(recording, given, keeper, { reasoning_effort: 'low' });
      expectOwed(gateway, given);
      const { thinking } = secondRequest(gateway);
      const { lost } = await gateway.row(1);
      if (calls.length === 0 || signed.length > 0) {
        expect(thinking).toEqual({ type: 'enabled', budget_tokens: 2048 });
      } else {
        // A tool loop that began without thinking may not go on with it: refused by the provider.
        expect(thinking).toBeUndefined();
        expect(lost).toContain('reasoning_effort');
      }
    });
  });
}
