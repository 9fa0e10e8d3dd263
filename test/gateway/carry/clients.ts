// One client per dialect that holds a conversation of two turns, its history kept as its SDK keeps it.
import Anthropic from '@anthropic-ai/sdk';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { GoogleGenAI, type PartListUnion } from '@google/genai';
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import { type Message, Ollama } from 'ollama';
import OpenAI from 'openai';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import { answerFor } from './providers.ts';

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

interface Turns {
  model: string;
  stream: boolean;
  /** The connection of each turn. */
  first: Fetch;
  second: Fetch;
}

/** Asks, runs the tools that the answer calls, and sends their results. */
export type Converse = (turns: Turns) => Promise<void>;

const GATEWAY = 'http://127.0.0.1:8088';
const KEY = 'not-a-real-key';
const QUESTION = 'What is the weather in both cities?';
const PARAMETERS = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
};

export const CARRY_CLIENTS: Record<DialectId, Converse> = {
  async 'anthropic-messages'({ model, stream, first, second }) {
    const connect = (fetch: Fetch) =>
      new Anthropic({
        apiKey: KEY,
        baseURL: GATEWAY,
        fetch: fetch as typeof globalThis.fetch,
        maxRetries: 0,
      });
    const ask = (client: Anthropic, messages: Anthropic.MessageParam[]) => {
      const parameters: Anthropic.MessageCreateParamsNonStreaming = {
        model,
        max_tokens: 4_000,
        thinking: { type: 'enabled', budget_tokens: 1_024 },
        tools: [{ name: 'weather', input_schema: PARAMETERS }],
        messages,
      };
      return stream ? client.messages.stream(parameters).finalMessage() : client.messages.create(parameters);
    };
    const user: Anthropic.MessageParam = { role: 'user', content: QUESTION };
    const { content } = await ask(connect(first), [user]);
    const results = content.flatMap((block): Anthropic.ToolResultBlockParam[] =>
      block.type === 'tool_use'
        ? [{ type: 'tool_result', tool_use_id: block.id, content: answer(block.input) }]
        : [],
    );
    await ask(connect(second), [user, { role: 'assistant', content }, { role: 'user', content: results }]);
  },

  async 'openai-chat'({ model, stream, first, second }) {
    const ask = async (fetch: Fetch, messages: OpenAI.ChatCompletionMessageParam[]) => {
      const client = openai(fetch);
      const tools: OpenAI.ChatCompletionTool[] = [
        { type: 'function', function: { name: 'weather', parameters: PARAMETERS } },
      ];
      const parameters = { model, messages, tools, reasoning_effort: 'low' as const };
      const completion = stream
        ? await client.chat.completions.stream(parameters).finalChatCompletion()
        : await client.chat.completions.create(parameters);
      const message = completion.choices[0]?.message;
      if (message === undefined) throw new Error('the completion has no message');
      return message;
    };
    const user: OpenAI.ChatCompletionMessageParam = { role: 'user', content: QUESTION };
    const message = await ask(first, [user]);
    const results = (message.tool_calls ?? []).flatMap((call): OpenAI.ChatCompletionToolMessageParam[] =>
      call.type === 'function'
        ? [{ role: 'tool', tool_call_id: call.id, content: answer(JSON.parse(call.function.arguments)) }]
        : [],
    );
    await ask(second, [user, message, ...results]);
  },

  async 'openai-responses'({ model, stream, first, second }) {
    const ask = async (fetch: Fetch, input: OpenAI.Responses.ResponseInput) => {
      const client = openai(fetch);
      const parameters = {
        model,
        input,
        store: false,
        include: ['reasoning.encrypted_content' as const],
        reasoning: { effort: 'low' as const, summary: 'auto' as const },
        tools: [{ type: 'function' as const, name: 'weather', parameters: PARAMETERS, strict: false }],
      };
      const { output } = stream
        ? await client.responses.stream(parameters).finalResponse()
        : await client.responses.create(parameters);
      return output;
    };
    const user = { role: 'user' as const, content: QUESTION };
    const output = await ask(first, [user]);
    const results = output.flatMap((item): OpenAI.Responses.ResponseInputItem[] =>
      item.type === 'function_call'
        ? [
            {
              type: 'function_call_output',
              call_id: item.call_id,
              output: answer(JSON.parse(item.arguments)),
            },
          ]
        : [],
    );
    await ask(second, [user, ...(output as OpenAI.Responses.ResponseInput), ...results]);
  },

  async gemini({ model, stream, first, second }) {
    let fetch = first;
    const chat = new GoogleGenAI({
      apiKey: KEY,
      httpOptions: { baseUrl: GATEWAY, fetch: (input, init) => fetch(input, init) },
    }).chats.create({
      model,
      config: {
        tools: [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: PARAMETERS }] }],
        thinkingConfig: { includeThoughts: true },
      },
    });
    const ask = async (message: PartListUnion) => {
      if (!stream) await chat.sendMessage({ message });
      else for await (const _ of await chat.sendMessageStream({ message }));
      const parts = chat.getHistory(true).flatMap((content) => content.parts ?? []);
      return parts.flatMap((part) => part.functionCall ?? []);
    };
    const calls = await ask(QUESTION);
    fetch = second;
    await ask(
      calls.map(({ id, name = '', args }) => {
        const response = { output: answer(args) };
        return { functionResponse: { ...(id !== undefined && { id }), name, response } };
      }),
    );
  },

  async 'ollama-chat'({ model, stream, first, second }) {
    const ask = async (fetch: Fetch, messages: Message[]): Promise<Message> => {
      const client = new Ollama({ host: GATEWAY, fetch: fetch as typeof globalThis.fetch });
      const tools = [
        { type: 'function', function: { name: 'weather', description: 'Tells it.', parameters: PARAMETERS } },
      ];
      const parameters = { model, messages, tools, think: true };
      if (!stream) return (await client.chat(parameters)).message;
      const message = { role: 'assistant', content: '', thinking: '', tool_calls: [] as Calls };
      for await (const { message: part } of await client.chat({ ...parameters, stream: true })) {
        message.content += part.content;
        message.thinking += part.thinking ?? '';
        message.tool_calls.push(...(part.tool_calls ?? []));
      }
      return message;
    };
    const user = { role: 'user', content: QUESTION };
    const message = await ask(first, [user]);
    const results = (message.tool_calls ?? []).map(({ function: { name, arguments: args }, ...call }) => ({
      role: 'tool',
      content: answer(args),
      tool_name: name,
      // The SDK's types have no ids yet, its users send back what came.
      ...('id' in call && { tool_call_id: call.id }),
    }));
    await ask(second, [user, message, ...results]);
  },
};

type Calls = NonNullable<Message['tool_calls']>;

/** AI SDK's openai-compatible: thoughts come back as plain text, and Gemini's field of calls as it was. */
export const plainThoughts: Converse = async ({ model, stream, first, second }) => {
  let asked = 0;
  const fetch: Fetch = (input, init) => (asked++ === 0 ? first : second)(input, init);
  const provider = createOpenAICompatible({
    name: 'gateway',
    baseURL: `${GATEWAY}/v1`,
    apiKey: KEY,
    fetch: fetch as typeof globalThis.fetch,
  });
  const weather = tool({
    inputSchema: jsonSchema<{ city: string }>(PARAMETERS),
    execute: (args) => answer(args),
  });
  const asking = {
    model: provider(model),
    tools: { weather },
    stopWhen: stepCountIs(2),
    prompt: QUESTION,
    providerOptions: { gateway: { reasoningEffort: 'low' } },
    maxRetries: 0,
  };
  if (stream) await streamText(asking).consumeStream();
  else await generateText(asking);
};

function openai(fetch: Fetch): OpenAI {
  const given = fetch as typeof globalThis.fetch;
  return new OpenAI({ apiKey: KEY, baseURL: `${GATEWAY}/v1`, fetch: given, maxRetries: 0 });
}

/** Runs the tool. */
function answer(args: unknown): string {
  return answerFor(String((args as { city: unknown }).city));
}
