// One HTTP request to a provider, its failures told in the gateway's terms.
import { GatewayError } from '../model/errors.ts';
import type { UpstreamFailure } from '../dialects/dialect.ts';

/** What whoever connects must know of it. */
export interface Connecting {
  /** Longest time until the connection stands. */
  connectMs: number;
  /** The connection stands; not told where one was open already, or where nobody can tell. */
  connected?(): void;
}

export interface UpstreamCall extends Connecting {
  /** For messages. */
  provider: string;
  url: string;
  headers: Headers;
  body: string;
  signal: AbortSignal;
  /** Told the answer's status, also where the answer is then refused. */
  answered(status: number): void;
}

/** Providers are asked by POST; lists of models alone are not. */
export const METHOD = 'POST';

/** How much of an error body is read: enough for any provider's reason. */
const MAX_ERROR_BODY = 256 * 1024;

/**
 * Sends the request and returns the answer's head, whatever its status. Redirects are not followed: the
 * gateway talks to configured addresses only (GUARANTEES 21). Throws `upstream_unreachable`, or the signal's
 * own reason when it was aborted.
 */
export async function callUpstream(
  fetch: (url: string, init: RequestInit, connecting: Connecting) => Promise<Response>,
  call: UpstreamCall,
): Promise<Response> {
  const { provider, url, headers, body, signal } = call;
  let response: Response;
  try {
    response = await fetch(url, { method: METHOD, headers, body, signal, redirect: 'manual' }, call);
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    if (thrown instanceof GatewayError) throw thrown;
    throw new GatewayError(
      'upstream_unreachable',
      `${provider} cannot be reached at ${originOf(url)} (${reasonOf(thrown)}); check base_url and the network`,
      { cause: thrown },
    );
  }
  call.answered(response.status);
  if (response.status >= 300 && response.status < 400) {
    await response.body?.cancel();
    throw new GatewayError(
      'upstream_failed',
      `${provider} answered with a redirect (${response.status}), which is not followed; set base_url to where it really is`,
    );
  }
  return response;
}

/** Scheme, host and port: never user info, path or query, which may hold secrets. */
function originOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown reason';
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name;
  return code;
}

export async function readFailure(response: Response): Promise<UpstreamFailure> {
  return {
    status: response.status,
    headers: response.headers,
    body: await readStart(response.body, MAX_ERROR_BODY),
  };
}

/** The answer is longer than the limit given. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

/** The whole body as text. Throws AnswerTooLarge past `limit` bytes, whatever length the answer declares. */
export async function readText(response: Response, limit: number): Promise<string> {
  const { headers } = response;
  // HTTP itself ends a body at its declared length, unless it is packed: no chunk of it needs a look.
  if (Number(headers.get('content-length') ?? Number.NaN) <= limit && !headers.has('content-encoding')) {
    const whole = await response.text();
    if (whole.length > limit) throw new AnswerTooLarge(`an answer is longer than ${limit} bytes`);
    return whole;
  }
  const decoder = new TextDecoder();
  let text = '';
  await readChunks(response, limit, (chunk) => {
    text += decoder.decode(chunk, { stream: true });
  });
  return text + decoder.decode();
}

/** Hands on the body as it comes. Throws AnswerTooLarge past `limit` bytes. */
export async function readChunks(
  { body }: Response,
  limit: number,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > limit) throw new AnswerTooLarge(`an answer is longer than ${limit} bytes`);
    take(chunk);
  }
}

async function readStart(body: ReadableStream<Uint8Array> | null, limit: number): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  try {
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      size += chunk.length;
      if (size >= limit) break;
    }
  } catch {
    // The status is the failure; a reason cut short is still a reason.
  }
  return text;
}
