// The official SDKs as clients, of a recording itself or of the gateway. What is asked does not matter here, the
// answer is recorded; what becomes of requests is in requests.test.ts.
import Anthropic from '@anthropic-ai/sdk';
import { type GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { Answer } from './answer.ts';
import { readMessage } from './read-anthropic.ts';
import { foldGenai } from './read-genai.ts';
import { askOllama, foldLines } from './read-ollama.ts';
import { foldChunks, readCompletion } from './read-openai.ts';
import { foldEvents, readResponse } from './read-responses.ts';
import { askVercel, type VercelProvider } from './read-vercel.ts';

export type ClientFetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;

export const ORIGIN = 'http://127.0.0.1:8088';
const QUESTION = { role: 'user' as const, content: 'What is asked here does not matter.' };
const MODEL = 'recorded-model';

export type ClientName = 'anthropic' | 'openai' | 'openai-responses' | 'genai' | 'ollama' | VercelProvider;

interface AskOptions {
  stream: boolean;
  /** Names of the tools that the answer calls: some clients refuse calls of tools that they do not have. */
  tools: readonly string[];
  origin?: string;
}

interface Asked {
  answer: Answer;
  /** What the SDK itself handed over. */
  raw: unknown;
}

export interface Client {
  dialect: DialectId;
  ask(fetch: ClientFetch, options: AskOptions): Promise<Asked>;
}

export function createAnthropicClient(fetch: ClientFetch, origin = ORIGIN, maxRetries = 0): Anthropic {
  return new Anthropic({ apiKey: 'client-key', authToken: null, baseURL: origin, fetch, maxRetries });
}

export function createOpenaiClient(fetch: ClientFetch, origin = ORIGIN, maxRetries = 0): OpenAI {
  return new OpenAI({ apiKey: 'client-key', baseURL: `${origin}/v1`, fetch, maxRetries });
}

/** Reads each answer whole, as a socket would: Google's SDK leaves what is behind an error unread and open, Ollama's what is behind the last line. */
export function readAhead(fetch: ClientFetch): ClientFetch {
  return async (url, init) => {
    const { status, headers, body } = await fetch(url, init);
    return new Response(body === null ? null : await new Response(body).arrayBuffer(), { status, headers });
  };
}

/** It retries nothing. */
export function createOllamaClient(fetch: ClientFetch, origin = ORIGIN): Ollama {
  return new Ollama({ host: origin, fetch: readAhead(fetch) as typeof globalThis.fetch });
}

/** Google's SDK takes its fetch here, and retries nothing unless it is told to. */
export function createGenaiClient(
  fetch: ClientFetch,
  origin = ORIGIN,
  attempts = 1,
  initialDelay = 1,
): GoogleGenAI {
  const retryOptions = { attempts, initialDelay };
  return new GoogleGenAI({ apiKey: 'client-key', httpOptions: { baseUrl: origin, fetch, retryOptions } });
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
  'openai-responses': {
    dialect: 'openai-responses',
    async ask(fetch, { stream, origin }) {
      const { responses } = createOpenaiClient(fetch, origin);
      const body = { model: MODEL, input: [QUESTION] };
      const raw = stream ? await responses.stream(body).finalResponse() : await responses.create(body);
      return { answer: readResponse(raw), raw };
    },
  },
  genai: {
    dialect: 'gemini',
    async ask(fetch, { stream, origin }) {
      const { models } = createGenaiClient(fetch, origin);
      const config = { thinkingConfig: { includeThoughts: true } };
      const ask = { model: MODEL, contents: QUESTION.content, config };
      const raw: GenerateContentResponse[] = [];
      if (!stream) raw.push(await models.generateContent(ask));
      else for await (const chunk of await models.generateContentStream(ask)) raw.push(chunk);
      // Headers of the answer, which are the gateway's own.
      for (const chunk of raw) delete chunk.sdkHttpResponse;
      return { answer: foldGenai(raw), raw };
    },
  },
  ollama: {
    dialect: 'ollama-chat',
    async ask(fetch, { stream, origin }) {
      const raw = await askOllama(
        createOllamaClient(fetch, origin),
        { model: MODEL, messages: [QUESTION] },
        stream,
      );
      return { answer: foldLines(raw), raw };
    },
  },
  '@ai-sdk/anthropic': vercel('anthropic-messages', '@ai-sdk/anthropic'),
  '@ai-sdk/openai': vercel('openai-chat', '@ai-sdk/openai'),
  '@ai-sdk/openai responses': vercel('openai-responses', '@ai-sdk/openai responses'),
  '@ai-sdk/openai-compatible': vercel('openai-chat', '@ai-sdk/openai-compatible'),
};

export const CLIENT_NAMES = Object.keys(CLIENTS) as ClientName[];

/** The vendor's own SDKs: one for each dialect. */
export const VENDOR_SDKS = ['anthropic', 'openai', 'openai-responses', 'genai', 'ollama'] as const;

/** The vendor's own SDK for a wire format. */
export const OWN_SDK = {
  'anthropic-messages': CLIENTS.anthropic,
  'openai-chat': CLIENTS.openai,
  'openai-responses': CLIENTS['openai-responses'],
  'gemini-generate': CLIENTS.genai,
  'ollama-chat': CLIENTS.ollama,
};

export type Wire = keyof typeof OWN_SDK;
export const WIRES = Object.keys(OWN_SDK) as Wire[];

function vercel(dialect: Client['dialect'], provider: VercelProvider): Client {
  return {
    dialect,
    async ask(fetch, options) {
      const answer = await askVercel(provider, fetch, options);
      return { answer, raw: answer };
    },
  };
}

/** A streamed response event by event, for recordings that the SDK's own helper cannot put together. */
export async function readEvents(fetch: ClientFetch): Promise<Answer> {
  const { responses } = createOpenaiClient(fetch);
  const stream = await responses.create({ model: MODEL, input: [QUESTION], stream: true });
  return foldEvents(await Array.fromAsync(stream));
}
