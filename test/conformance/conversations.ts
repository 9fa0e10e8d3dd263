// Two turns as each SDK's users hold them: ask, run the tools that the answer calls, send the SDK's own history back.
import type { MessageParam, ToolResultBlockParam } from '@anthropic-ai/sdk/resources/messages';
import type { Part } from '@google/genai';
import type OpenAI from 'openai';
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { Message as OllamaMessage } from 'ollama';
import {
  type ClientFetch,
  createAnthropicClient,
  createGenaiClient,
  createOllamaClient,
  createOpenaiClient,
} from './clients.ts';
import { readOllamaMessage } from './read-ollama.ts';

export interface Conversation {
  fetch: ClientFetch;
  stream: boolean;
  /** Names of the tools that are offered. */
  tools: readonly string[];
}

const MODEL = 'recorded-model';
const ASK = 'Use a tool.';
const NEXT = 'Go on.';
const SCHEMA = { type: 'object' as const, properties: {} };

/** What the client's tool says to the call of this number. */
const resultOf = (call: number) => `result ${call}`;

export const CONVERSATIONS: Record<DialectId, (conversation: Conversation) => Promise<void>> = {
  async 'anthropic-messages'({ fetch, stream, tools }) {
    const { messages } = createAnthropicClient(fetch);
    const offered = tools.map((name) => ({ name, input_schema: SCHEMA }));
    const ask = { model: MODEL, max_tokens: 4_000, ...(offered.length > 0 && { tools: offered }) };
    const user: MessageParam = { role: 'user', content: ASK };
    const first = { ...ask, messages: [user] };
    const { content } = stream ? await messages.stream(first).finalMessage() : await messages.create(first);
    const results = content
      .filter((block) => block.type === 'tool_use')
      .map(
        ({ id }, at): ToolResultBlockParam => ({
          type: 'tool_result',
          tool_use_id: id,
          content: resultOf(at),
        }),
      );
    const history: MessageParam[] = [
      user,
      { role: 'assistant', content },
      { role: 'user', content: results.length > 0 ? results : NEXT },
    ];
    await (await messages.create({ ...ask, messages: history, stream }).asResponse()).text();
  },

  async 'openai-chat'({ fetch, stream, tools }) {
    const { completions } = createOpenaiClient(fetch).chat;
    const offered = tools.map(
      (name): OpenAI.ChatCompletionTool => ({ type: 'function', function: { name, parameters: SCHEMA } }),
    );
    const ask = { model: MODEL, ...(offered.length > 0 && { tools: offered }) };
    const user: OpenAI.ChatCompletionMessageParam = { role: 'user', content: ASK };
    const first = { ...ask, messages: [user] };
    const completion = stream
      ? await completions.stream(first).finalChatCompletion()
      : await completions.create(first);
    const message = completion.choices[0]?.message;
    if (message === undefined) throw new Error('the completion has no message');
    const results = (message.tool_calls ?? []).map(
      ({ id }, at): OpenAI.ChatCompletionToolMessageParam => ({
        role: 'tool',
        tool_call_id: id,
        content: resultOf(at),
      }),
    );
    const next: OpenAI.ChatCompletionMessageParam[] =
      results.length > 0 ? results : [{ role: 'user', content: NEXT }];
    const history = [user, message, ...next];
    await (await completions.create({ ...ask, messages: history, stream }).asResponse()).text();
  },

  async 'openai-responses'({ fetch, stream, tools }) {
    const { responses } = createOpenaiClient(fetch);
    const offered = tools.map((name) => ({
      type: 'function' as const,
      name,
      parameters: SCHEMA,
      strict: false,
    }));
    const ask = {
      model: MODEL,
      store: false,
      include: ['reasoning.encrypted_content' as const],
      ...(offered.length > 0 && { tools: offered }),
    };
    const user = { role: 'user' as const, content: ASK };
    const first = { ...ask, input: [user] };
    const { output } = stream ? await responses.stream(first).finalResponse() : await responses.create(first);
    const results: OpenAI.Responses.ResponseInputItem[] = [];
    for (const item of output) {
      if (item.type !== 'function_call' && item.type !== 'custom_tool_call') continue;
      const type = item.type === 'function_call' ? 'function_call_output' : 'custom_tool_call_output';
      results.push({ type, call_id: item.call_id, output: resultOf(results.length) });
    }
    const next = results.length > 0 ? results : [{ role: 'user' as const, content: NEXT }];
    const input = [user, ...(output as OpenAI.Responses.ResponseInput), ...next];
    await (await responses.create({ ...ask, input, stream }).asResponse()).text();
  },

  async gemini({ fetch, stream, tools }) {
    const offered = tools.map((name) => ({ name, parametersJsonSchema: SCHEMA }));
    const chat = createGenaiClient(fetch).chats.create({
      model: MODEL,
      ...(offered.length > 0 && { config: { tools: [{ functionDeclarations: offered }] } }),
    });
    const send = async (message: string | Part[]) => {
      if (!stream) await chat.sendMessage({ message });
      else for await (const _ of await chat.sendMessageStream({ message }));
    };
    await send(ASK);
    const parts = chat.getHistory(true).flatMap((content) => content.parts ?? []);
    const calls = parts.flatMap((part) => part.functionCall ?? []);
    const results = calls.map(({ id, name = '' }, at) => ({
      functionResponse: { ...(id !== undefined && { id }), name, response: { output: resultOf(at) } },
    }));
    await send(results.length > 0 ? results : NEXT);
  },

  async 'ollama-chat'({ fetch, stream, tools }) {
    const client = createOllamaClient(fetch);
    const offered = tools.map((name) => ({
      type: 'function',
      function: { name, description: '', parameters: SCHEMA },
    }));
    const ask = { model: MODEL, ...(offered.length > 0 && { tools: offered }) };
    const user: OllamaMessage = { role: 'user', content: ASK };
    const message = await readOllamaMessage(client, { ...ask, messages: [user] }, stream);
    const results = (message.tool_calls ?? []).map(({ function: { name }, ...call }, at) => ({
      role: 'tool',
      tool_name: name,
      content: resultOf(at),
      // The SDK's types have no ids yet, its users send back what came.
      ...('id' in call && { tool_call_id: call.id }),
    }));
    const next: OllamaMessage[] = results.length > 0 ? results : [{ role: 'user', content: NEXT }];
    await readOllamaMessage(client, { ...ask, messages: [user, message, ...next] }, stream);
  },
};
