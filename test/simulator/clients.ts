// The official SDKs as the simulator's clients: one row a dialect, the same scenarios for all.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json.ts';

/** What a client assembled from an answer, whatever the dialect. */
export interface Assembled {
  text: string;
  reasoning: string;
  signature: string | undefined;
  tools: { id: string; name: string; input: unknown }[];
  finish: string | null;
  inputTokens: number;
  outputTokens: number;
  cacheWriteTokens?: number;
  cacheReadTokens?: number;
}

export interface Scenario {
  model?: string;
  text: string;
  system?: string;
  schema?: JsonObject;
  tools?: { name: string; parameters: JsonObject }[];
  choice?: 'none' | 'required' | { name: string };
  thinks?: boolean;
  maxTokens?: number;
  stop?: string[];
  /** A tool's answer as the last message. */
  result?: string;
}

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export interface SdkClient {
  path: string;
  body(scenario: Scenario, stream: boolean): JsonObject;
  ask(body: JsonObject, fetch: Fetch): Promise<Assembled>;
}

const KEY = 'not-a-real-key';
const BASE = 'http://simulator.test';

export const CLIENTS: Record<DialectId, SdkClient> = {
  'anthropic-messages': {
    path: '/v1/messages',
    body: (scenario, stream) => ({
      model: scenario.model ?? 'fast',
      max_tokens: scenario.maxTokens ?? 2_000,
      stream,
      ...(scenario.system === undefined
        ? {}
        : { system: [{ type: 'text', text: scenario.system, cache_control: { type: 'ephemeral' } }] }),
      messages: [
        { role: 'user', content: scenario.text },
        ...(scenario.result === undefined
          ? []
          : [
              { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: 'read', input: {} }] },
              {
                role: 'user',
                content: [{ type: 'tool_result', tool_use_id: 'call_1', content: scenario.result }],
              },
            ]),
      ],
      ...(scenario.tools === undefined
        ? {}
        : { tools: scenario.tools.map(({ name, parameters }) => ({ name, input_schema: parameters })) }),
      ...(scenario.choice === undefined ? {} : { tool_choice: anthropicChoice(scenario.choice) }),
      ...(scenario.thinks ? { thinking: { type: 'enabled', budget_tokens: 1_024 } } : {}),
      ...(scenario.schema === undefined
        ? {}
        : { output_config: { format: { type: 'json_schema', schema: scenario.schema } } }),
      ...(scenario.stop === undefined ? {} : { stop_sequences: scenario.stop }),
    }),
    async ask(body, fetch) {
      const client = new Anthropic({
        apiKey: KEY,
        baseURL: BASE,
        fetch: fetch as typeof globalThis.fetch,
        maxRetries: 0,
      });
      const { stream, ...rest } = body;
      const parameters = rest as unknown as Anthropic.MessageCreateParamsNonStreaming;
      const message = stream
        ? await client.messages.stream(parameters).finalMessage()
        : await client.messages.create(parameters);
      const thinking = message.content.find((block) => block.type === 'thinking');
      return {
        text: message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
        reasoning: thinking?.thinking ?? '',
        signature: thinking?.signature,
        tools: message.content.flatMap((block) =>
          block.type === 'tool_use' ? [{ id: block.id, name: block.name, input: block.input }] : [],
        ),
        finish: message.stop_reason,
        inputTokens: message.usage.input_tokens,
        outputTokens: message.usage.output_tokens,
        cacheWriteTokens: message.usage.cache_creation_input_tokens ?? 0,
        cacheReadTokens: message.usage.cache_read_input_tokens ?? 0,
      };
    },
  },
  'openai-chat': {
    path: '/v1/chat/completions',
    body: (scenario, stream) => ({
      model: scenario.model ?? 'fast',
      stream,
      ...(stream ? { stream_options: { include_usage: true } } : {}),
      messages: [
        ...(scenario.system === undefined ? [] : [{ role: 'system', content: scenario.system }]),
        { role: 'user', content: scenario.text },
        ...(scenario.result === undefined
          ? []
          : [
              {
                role: 'assistant',
                content: null,
                tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'read', arguments: '{}' } }],
              },
              { role: 'tool', tool_call_id: 'call_1', content: scenario.result },
            ]),
      ],
      ...(scenario.tools === undefined
        ? {}
        : { tools: scenario.tools.map((tool) => ({ type: 'function', function: tool })) }),
      ...(scenario.choice === undefined ? {} : { tool_choice: openaiChoice(scenario.choice) }),
      ...(scenario.thinks ? { reasoning_effort: 'medium' } : {}),
      ...(scenario.schema === undefined
        ? {}
        : {
            response_format: { type: 'json_schema', json_schema: { name: 'out', schema: scenario.schema } },
          }),
      ...(scenario.maxTokens === undefined ? {} : { max_completion_tokens: scenario.maxTokens }),
      ...(scenario.stop === undefined ? {} : { stop: scenario.stop }),
    }),
    async ask(body, fetch) {
      const client = new OpenAI({
        apiKey: KEY,
        baseURL: `${BASE}/v1`,
        fetch: fetch as typeof globalThis.fetch,
        maxRetries: 0,
      });
      const { stream, ...rest } = body;
      // The SDK has no word for reasoning_content and keeps only the last piece of it: collect them here.
      let reasoning = '';
      let completion: OpenAI.ChatCompletion;
      if (stream) {
        const runner = client.chat.completions.stream(
          rest as unknown as OpenAI.ChatCompletionCreateParamsStreaming,
        );
        runner.on('chunk', (chunk) => {
          reasoning += reasoningContent(chunk.choices[0]?.delta);
        });
        completion = await runner.finalChatCompletion();
      } else {
        completion = await client.chat.completions.create(
          rest as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming,
        );
        reasoning = reasoningContent(completion.choices[0]?.message);
      }
      const choice = completion.choices[0];
      const message = choice?.message;
      return {
        text: message?.content ?? '',
        reasoning,
        signature: undefined,
        tools: (message?.tool_calls ?? []).flatMap((call) =>
          call.type === 'function'
            ? [{ id: call.id, name: call.function.name, input: JSON.parse(call.function.arguments) }]
            : [],
        ),
        finish: choice?.finish_reason ?? null,
        inputTokens: completion.usage?.prompt_tokens ?? 0,
        outputTokens: completion.usage?.completion_tokens ?? 0,
      };
    },
  },
};

function reasoningContent(holder: object | undefined): string {
  return (holder as { reasoning_content?: string } | undefined)?.reasoning_content ?? '';
}

function anthropicChoice(choice: NonNullable<Scenario['choice']>): JsonObject {
  if (typeof choice === 'object') return { type: 'tool', name: choice.name };
  return { type: choice === 'required' ? 'any' : 'none' };
}

function openaiChoice(choice: NonNullable<Scenario['choice']>): JsonObject | string {
  return typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice;
}
