// One HTTP request to a provider, its failures told in the gateway's terms.
import type { UpstreamFailure } from '../dialects/dialect.ts';
import { GatewayError } from '../model/errors.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { Leaving } from './departure.ts';
import { networkFailure } from './network-failure.ts';
import type { AnswerBody, Connecting, Transport, UpstreamAnswer, UpstreamRequest } from './transport.ts';

export interface UpstreamCall extends Connecting {
  /** For messages. */
  provider: string;
  url: string;
  headers: HeaderReader;
  body: string;
  signal: Leaving;
  /** Told the answer's status, also where the answer is then refused. */
  answered(status: number): void;
}

/** Providers are asked by POST; lists of models alone are not. */
export const METHOD = 'POST';

/** How much of an error body is read: enough for any provider's reason. */
const MAX_ERROR_BODY = 256 * 1024;

export function isOk({ status }: UpstreamAnswer): boolean {
  return status >= 200 && status < 300;
}

/**
 * Sends the request and returns the answer's head, whatever its status. Redirects are not followed: the
 * gateway talks to configured addresses only (GUARANTEES 21). Throws `upstream_unreachable` and what
 * else can happen on the way, or the signal's own reason when it was aborted.
 */
export async function callUpstream(send: Transport, call: UpstreamCall): Promise<UpstreamAnswer> {
  const { provider, url, headers, body, signal, connectMs } = call;
  const connected = () => call.connected?.();
  const request = { method: METHOD, url, headers, body, signal, connectMs, connected };
  const answer = await reach(send, provider, request);
  const { status } = answer;
  call.answered(status);
  if (status >= 300 && status < 400) {
    answer.body.cancel();
    throw new GatewayError(
      'upstream_failed',
      `${provider} answered with a redirect (${status}), which is not followed; set base_url to where it really is`,
    );
  }
  return answer;
}

/**
 * The answer, whatever its status. Throws the GatewayError of what happened on the way, or the signal's own
 * reason when it was aborted. @param provider for messages.
 */
export async function reach(
  send: Transport,
  provider: string,
  request: UpstreamRequest,
): Promise<UpstreamAnswer> {
  try {
    return await send(request);
  } catch (thrown) {
    if (request.signal?.aborted === true) throw request.signal.reason;
    if (thrown instanceof GatewayError) throw thrown;
    throw networkFailure(provider, request.url, thrown);
  }
}

export async function readFailure({ status, headers, body }: UpstreamAnswer): Promise<UpstreamFailure> {
  return { status, headers, body: await readStart(body, MAX_ERROR_BODY) };
}

/** The answer is longer than the limit given. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

/** The whole body as text. Throws AnswerTooLarge past `limit` bytes. */
export function readText({ body }: Pick<UpstreamAnswer, 'body'>, limit: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  return readChunks({ body }, limit, (chunk) => {
    text += decoder.decode(chunk, { stream: true });
  }).then(() => text + decoder.decode());
}

/** Hands on the body as it comes. Rejects with AnswerTooLarge past `limit` bytes. */
export function readChunks(
  { body }: Pick<UpstreamAnswer, 'body'>,
  limit: number,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let size = 0;
    const refuse = (thrown: unknown) => {
      body.cancel();
      reject(thrown);
    };
    body.read({
      chunk(bytes) {
        size += bytes.length;
        if (size > limit) {
          refuse(new AnswerTooLarge(`an answer is longer than ${limit} bytes`));
          return;
        }
        try {
          take(bytes);
        } catch (thrown) {
          refuse(thrown);
        }
      },
      end: resolve,
      failed: reject,
    });
  });
}

/** Resolves also where the rest does not come: the status is the failure; a reason cut short is still a reason. */
function readStart(body: AnswerBody, limit: number): Promise<string> {
  return new Promise((resolve) => {
    const decoder = new TextDecoder();
    let text = '';
    let size = 0;
    const told = () => resolve(text);
    body.read({
      chunk(bytes) {
        if (size >= limit) return;
        text += decoder.decode(bytes, { stream: true });
        size += bytes.length;
        if (size < limit) return;
        body.cancel();
        told();
      },
      end: told,
      failed: told,
    });
  });
}
