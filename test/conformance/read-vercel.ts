// Vercel's `ai` over one of its providers → Answer. `finish` is its own unified word.
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, type LanguageModelUsage, streamText, type ToolSet, tool } from 'ai';
import { type Answer, type Counts, splitCallId } from './answer.ts';
import { type ClientFetch, ORIGIN } from './clients.ts';

const MODEL = 'recorded-model';
const PROMPT = 'What is asked here does not matter.';

/** Its providers that speak a dialect, by package name. */
export const VERCEL_PROVIDERS = {
  '@ai-sdk/anthropic': (fetch: ClientFetch, origin: string) =>
    createAnthropic({ apiKey: 'client-key', baseURL: `${origin}/v1`, fetch: asFetch(fetch) })(MODEL),
  '@ai-sdk/openai': (fetch: ClientFetch, origin: string) =>
    createOpenAI({ apiKey: 'client-key', baseURL: `${origin}/v1`, fetch: asFetch(fetch) }).chat(MODEL),
  /** What its OpenAI provider speaks unless told otherwise. */
  '@ai-sdk/openai responses': (fetch: ClientFetch, origin: string) =>
    createOpenAI({ apiKey: 'client-key', baseURL: `${origin}/v1`, fetch: asFetch(fetch) }).responses(MODEL),
  '@ai-sdk/openai-compatible': (fetch: ClientFetch, origin: string) =>
    createOpenAICompatible({
      name: 'lab',
      apiKey: 'client-key',
      baseURL: `${origin}/v1`,
      includeUsage: true,
      fetch: asFetch(fetch),
    })(MODEL),
};

export type VercelProvider = keyof typeof VERCEL_PROVIDERS;

/** Bun's fetch type has a `preconnect` that no client calls. */
function asFetch(fetch: ClientFetch): typeof globalThis.fetch {
  return fetch as typeof globalThis.fetch;
}

export async function askVercel(
  provider: VercelProvider,
  fetch: ClientFetch,
  options: { stream: boolean; tools: readonly string[]; origin?: string },
): Promise<Answer> {
  const model = VERCEL_PROVIDERS[provider](fetch, options.origin ?? ORIGIN);
  const inputSchema = jsonSchema({ type: 'object' });
  const tools = Object.fromEntries(options.tools.map((name) => [name, tool({ inputSchema })])) as ToolSet;
  const ask = { model, prompt: PROMPT, maxRetries: 0, maxOutputTokens: 1024, tools };
  if (!options.stream) {
    const result = await generateText(ask);
    return toAnswer({
      text: result.text,
      reasoning: result.reasoningText,
      toolCalls: result.toolCalls,
      finish: result.finishReason,
      usage: result.usage,
    });
  }
  let failure: unknown;
  const result = streamText({
    ...ask,
    onError({ error }) {
      failure ??= error;
    },
  });
  await result.consumeStream();
  if (failure !== undefined) throw failure;
  return toAnswer({
    text: await result.text,
    reasoning: await result.reasoningText,
    toolCalls: await result.toolCalls,
    finish: await result.finishReason,
    usage: await result.usage,
  });
}

interface Said {
  text: string;
  reasoning: string | undefined;
  toolCalls: readonly {
    toolCallId: string;
    toolName: string;
    input: unknown;
    providerExecuted?: boolean | undefined;
  }[];
  finish: string;
  usage: LanguageModelUsage;
}

function toAnswer({ text, reasoning, toolCalls, finish, usage }: Said): Answer {
  const calls = toolCalls
    .filter((call) => call.providerExecuted !== true)
    .map((call) => ({ id: splitCallId(call.toolCallId).id, name: call.toolName, arguments: call.input }));
  return {
    text,
    reasoning: reasoning ?? '',
    seals: [],
    refusal: '',
    calls,
    finish,
    usage: toCounts(usage),
  };
}

function toCounts(usage: LanguageModelUsage): Counts | null {
  // Zeros are what servers say that do not know.
  if ((usage.inputTokens ?? 0) + (usage.outputTokens ?? 0) === 0) return null;
  const { noCacheTokens, cacheReadTokens, cacheWriteTokens } = usage.inputTokenDetails;
  return {
    input: noCacheTokens ?? 0,
    cacheRead: cacheReadTokens ?? 0,
    cacheWrite: cacheWriteTokens ?? 0,
    output: usage.outputTokens ?? 0,
    reasoning: usage.outputTokenDetails.reasoningTokens ?? 0,
  };
}
