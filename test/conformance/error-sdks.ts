// The official SDKs where an answer is an error: how each asks, what it raises, and when it asks again by itself.
import Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '@google/genai';
import OpenAI from 'openai';
import type { DialectId } from '../../src/model/dialect-id.ts';
import { type ClientFetch, createAnthropicClient, createGenaiClient, createOpenaiClient } from './clients.ts';

type ErrorClass = new (...args: never[]) => Error;

export interface ErrorSdk {
  dialect: DialectId;
  /** The class of all its errors. */
  base: ErrorClass;
  /** The class that it raises for a status. */
  classFor(status: number): ErrorClass;
  /** Rejects with what the SDK raises. `maxRetries`: how often it may ask again. */
  ask(fetch: ClientFetch, stream: boolean, maxRetries: number): Promise<unknown>;
  /** The word for the kind of error that its error holds. */
  typeOf(error: Error): string | undefined;
  /** Statuses below 500 at which it asks again. */
  retries: readonly number[];
}

/** A provider's own `response.failed` event, or flat `error`, alone: that SDK hands them over like any other. */
export class ResponseFailed extends Error {
  override readonly name = 'ResponseFailed';
  readonly status = undefined;
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const QUESTION = [{ role: 'user' as const, content: 'What is asked here does not matter.' }];
const MODEL = 'recorded-model';
/** Seconds: Google's SDK reads no hint, and waits for a second where it is not told otherwise. */
const INITIAL_DELAY = 0.001;

export const ERROR_SDKS: Record<'anthropic' | 'openai' | 'openai-responses' | 'genai', ErrorSdk> = {
  anthropic: {
    dialect: 'anthropic-messages',
    base: Anthropic.APIError,
    classFor: (status) => classOf(Anthropic, status),
    retries: [408, 409, 429],
    typeOf: (error) => (error instanceof Anthropic.APIError ? (error.type ?? undefined) : undefined),
    ask(fetch, stream, maxRetries) {
      const { messages } = createAnthropicClient(fetch, undefined, maxRetries);
      const body = { model: MODEL, max_tokens: 1024, messages: QUESTION };
      return stream ? messages.stream(body).finalMessage() : messages.create(body);
    },
  },
  openai: {
    dialect: 'openai-chat',
    base: OpenAI.APIError,
    classFor: (status) => classOf(OpenAI, status),
    retries: [408, 409, 429],
    typeOf: (error) => (error instanceof OpenAI.APIError ? error.type : undefined),
    async ask(fetch, stream, maxRetries) {
      const { completions } = createOpenaiClient(fetch, undefined, maxRetries).chat;
      const body = { model: MODEL, messages: QUESTION };
      if (!stream) return completions.create(body);
      return Array.fromAsync(await completions.create({ ...body, stream: true }));
    },
  },
  'openai-responses': {
    dialect: 'openai-responses',
    base: OpenAI.APIError,
    classFor: (status) => classOf(OpenAI, status),
    retries: [408, 409, 429],
    typeOf(error) {
      if (error instanceof ResponseFailed) return error.code;
      return error instanceof OpenAI.APIError ? error.type : undefined;
    },
    async ask(fetch, stream, maxRetries) {
      const { responses } = createOpenaiClient(fetch, undefined, maxRetries);
      const body = { model: MODEL, input: QUESTION };
      if (!stream) return responses.create(body);
      for await (const event of await responses.create({ ...body, stream: true })) {
        if (event.type === 'error') throw new ResponseFailed(String(event.code), event.message);
        if (event.type !== 'response.failed') continue;
        const { code, message } = event.response.error ?? {};
        throw new ResponseFailed(String(code), String(message));
      }
      return undefined;
    },
  },
  genai: {
    dialect: 'gemini',
    base: ApiError,
    classFor: () => ApiError,
    retries: [408, 429],
    typeOf: (error) => /"status":"([A-Z_]+)"/.exec(error.message)?.[1],
    async ask(fetch, stream, maxRetries) {
      const { models } = createGenaiClient(fetch, undefined, maxRetries + 1, INITIAL_DELAY);
      const ask = { model: MODEL, contents: 'What is asked here does not matter.' };
      return stream ? Array.fromAsync(await models.generateContentStream(ask)) : models.generateContent(ask);
    },
  },
};

export type ErrorSdkName = keyof typeof ERROR_SDKS;
export const ERROR_SDK_NAMES = Object.keys(ERROR_SDKS) as ErrorSdkName[];

type ErrorClasses = Pick<
  typeof Anthropic | typeof OpenAI,
  | 'BadRequestError'
  | 'AuthenticationError'
  | 'PermissionDeniedError'
  | 'NotFoundError'
  | 'ConflictError'
  | 'UnprocessableEntityError'
  | 'RateLimitError'
  | 'InternalServerError'
  | 'APIError'
>;

function classOf(sdk: ErrorClasses, status: number): ErrorClass {
  switch (status) {
    case 400:
      return sdk.BadRequestError;
    case 401:
      return sdk.AuthenticationError;
    case 403:
      return sdk.PermissionDeniedError;
    case 404:
      return sdk.NotFoundError;
    case 409:
      return sdk.ConflictError;
    case 422:
      return sdk.UnprocessableEntityError;
    case 429:
      return sdk.RateLimitError;
    default:
      return status >= 500 ? sdk.InternalServerError : sdk.APIError;
  }
}

/** What the question ended with. */
export async function raised(
  asking: Promise<unknown>,
): Promise<Error & { status?: number; headers?: Headers }> {
  let answer: unknown;
  try {
    answer = await asking;
  } catch (thrown) {
    if (thrown instanceof Error) return thrown;
    throw thrown;
  }
  throw new Error(`nothing was raised, but answered: ${JSON.stringify(answer)}`);
}

/** Google's SDK asks at any status but these only once. */
export function asksAgain(name: ErrorSdkName, status: number): boolean {
  const atAnyFailure = name === 'genai' ? [500, 502, 503, 504].includes(status) : status >= 500;
  return atAnyFailure || ERROR_SDKS[name].retries.includes(status);
}

/** The status of a provider's answer as clients of the dialect get it: Google has no 529, and Anthropic no 503. */
export function statusTold(client: string, wire: string, status: number): number {
  if (client === 'gemini' && status === 529) return 503;
  return client === 'anthropic-messages' && client !== wire && status === 503 ? 529 : status;
}
