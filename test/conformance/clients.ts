// The official SDKs as clients, of a recording itself or of the gateway. What is asked does not matter here, the
// answer is recorded; what becomes of requests is in requests.test.ts.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { Answer } from './answer.ts';
import { readMessage } from './read-anthropic.ts';
import { foldChunks, readCompletion } from './read-openai.ts';
import { askVercel, type VercelProvider } from './read-vercel.ts';

export type ClientFetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;

export const ORIGIN = 'http://127.0.0.1:8088';
const QUESTION = { role: 'user' as const, content: 'What is asked here does not matter.' };
const MODEL = 'recorded-model';

export type ClientName = 'anthropic' | 'openai' | VercelProvider;

export interface AskOptions {
  stream: boolean;
  /** Names of the tools that the answer calls: some clients refuse calls of tools that they do not have. */
  tools: readonly string[];
  origin?: string;
}

export interface Asked {
  answer: Answer;
  /** What the SDK itself handed over. */
  raw: unknown;
}

export interface Client {
  dialect: 'anthropic-messages' | 'openai-chat';
  ask(fetch: ClientFetch, options: AskOptions): Promise<Asked>;
}

export function createAnthropicClient(fetch: ClientFetch, origin = ORIGIN, maxRetries = 0): Anthropic {
  return new Anthropic({ apiKey: 'client-key', authToken: null, baseURL: origin, fetch, maxRetries });
}

export function createOpenaiClient(fetch: ClientFetch, origin = ORIGIN, maxRetries = 0): OpenAI {
  return new OpenAI({ apiKey: 'client-key', baseURL: `${origin}/v1`, fetch, maxRetries });
}

export const CLIENTS: Record<ClientName, Client> = {
  anthropic: {
    dialect: 'anthropic-messages',
    async ask(fetch, { stream, origin }) {
      const { messages } = createAnthropicClient(fetch, origin);
      const body = { model: MODEL, max_tokens: 1024, messages: [QUESTION] };
      const raw = stream ? await messages.stream(body).finalMessage() : await messages.create(body);
      return { answer: readMessage(raw), raw };
    },
  },
  openai: {
    dialect: 'openai-chat',
    async ask(fetch, { stream, origin }) {
      const { completions } = createOpenaiClient(fetch, origin).chat;
      const body = { model: MODEL, messages: [QUESTION] };
      if (!stream) {
        const raw = await completions.create(body);
        return { answer: readCompletion(raw), raw };
      }
      const streamOptions = { include_usage: true };
      const raw: ChatCompletionChunk[] = [];
      const chunks = await completions.create({ ...body, stream: true, stream_options: streamOptions });
      for await (const chunk of chunks) raw.push(chunk);
      return { answer: foldChunks(raw), raw };
    },
  },
  '@ai-sdk/anthropic': vercel('anthropic-messages', '@ai-sdk/anthropic'),
  '@ai-sdk/openai': vercel('openai-chat', '@ai-sdk/openai'),
  '@ai-sdk/openai-compatible': vercel('openai-chat', '@ai-sdk/openai-compatible'),
};

export const CLIENT_NAMES = Object.keys(CLIENTS) as ClientName[];

/** The vendor's own SDK for a wire format. */
export const OWN_SDK = { 'anthropic-messages': CLIENTS.anthropic, 'openai-chat': CLIENTS.openai };

function vercel(dialect: Client['dialect'], provider: VercelProvider): Client {
  return {
    dialect,
    async ask(fetch, options) {
      const answer = await askVercel(provider, fetch, options);
      return { answer, raw: answer };
    },
  };
}
