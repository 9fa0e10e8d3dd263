// One HTTP request to a provider, with failures as GatewayErrors.
import type { UpstreamFailure } from '../dialects/dialect.ts';
import { GatewayError } from '../model/errors.ts';
import { joinBytes } from '../model/join-bytes.ts';
import { networkFailure } from './network-failure.ts';
import type { AnswerBody, Transport, UpstreamAnswer, UpstreamRequest } from './transport.ts';

/** Everything but lists of models is requested by POST. */
export const METHOD = 'POST';

/** How much of an error body is read, in bytes: enough for any provider's reason. */
const MAX_ERROR_BODY = 256 * 1024;

export function isOk({ status }: UpstreamAnswer): boolean {
  return status >= 200 && status < 300;
}

const REDIRECTS = [301, 302, 303, 307, 308];

/**
 * Whether the answer redirects to another server, such as a file store, and not back to this one, where a client would need the gateway's
 * key.
 */
export function leadsElsewhere(
  { status, headers }: UpstreamAnswer,
  { url }: Pick<UpstreamRequest, 'url'>,
): boolean {
  if (!REDIRECTS.includes(status)) return false;
  const place = URL.parse(headers.get('location') ?? '', url);
  return place !== null && place.hostname !== URL.parse(url)?.hostname;
}

/** Where a redirect leads that stays on the server that was asked; undefined for any other answer. */
export function redirectWithin(
  { status, headers }: Pick<UpstreamAnswer, 'status' | 'headers'>,
  { url }: Pick<UpstreamRequest, 'url'>,
): URL | undefined {
  if (!REDIRECTS.includes(status)) return undefined;
  const place = URL.parse(headers.get('location') ?? '', url);
  return place !== null && place.origin === URL.parse(url)?.origin ? place : undefined;
}

/** Redirects are not followed: the gateway talks to configured addresses only (GUARANTEES 21). */
export function requireNoRedirect(
  provider: string,
  { url }: Pick<UpstreamRequest, 'url'>,
  { status, headers, body }: UpstreamAnswer,
): void {
  if (!isRedirect(status)) return;
  body.cancel();
  throw redirected(provider, status, URL.parse(headers.get('location') ?? '', url)?.origin);
}

export function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

/** @param origin to which it leads; the rest of that address may contain secrets. Left out: unknown. */
export function redirected(provider: string, status: number, origin?: string): GatewayError {
  const place = origin === undefined ? '' : ` to ${origin}`;
  return new GatewayError(
    'upstream_failed',
    `${provider} answered with a redirect (${status})${place}, which is not followed; set base_url to its actual address, or, in a network with a login page, log in`,
    { lasting: true },
  );
}

/** Why no answer came: a GatewayError for the network's failure, or the signal's own reason if it was aborted. */
export function noAnswer(
  provider: string,
  { url, signal }: Pick<UpstreamRequest, 'url' | 'signal'>,
  thrown: unknown,
): unknown {
  if (signal?.aborted === true) return signal.reason;
  return thrown instanceof GatewayError ? thrown : networkFailure(provider, url, thrown);
}

/** The answer, whatever its status. Throws `noAnswer`. @param provider for messages. */
export async function reach(
  send: Transport,
  provider: string,
  request: UpstreamRequest,
): Promise<UpstreamAnswer> {
  try {
    return await send(request);
  } catch (thrown) {
    throw noAnswer(provider, request, thrown);
  }
}

export async function readFailure({ status, headers, body }: UpstreamAnswer): Promise<UpstreamFailure> {
  return { status, headers, body: await readStart(body, MAX_ERROR_BODY) };
}

/** The answer is longer than the limit given. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

export interface WholeText {
  text: string;
  /** The bytes as they came, if the text in UTF-8 would differ: they were not UTF-8, or began with a byte order mark. */
  bytes: Uint8Array<ArrayBuffer> | null;
}

/** The whole body. Rejects with AnswerTooLarge past `limit` bytes. */
export function readText({ body }: Pick<UpstreamAnswer, 'body'>, limit: number): Promise<WholeText> {
  return new Promise((resolve, reject) => {
    const text = new ArrivingText();
    let size = 0;
    body.read({
      chunk(bytes) {
        size += bytes.length;
        if (size <= limit) {
          text.add(bytes);
          return;
        }
        body.cancel();
        reject(new AnswerTooLarge(`an answer is longer than ${limit} bytes`));
      },
      end: () => resolve(text.whole()),
      failed: reject,
    });
  });
}

/** Most answers come in one piece, which needs no decoder of its own. */
class ArrivingText {
  private first: Uint8Array | null = null;
  /** The pieces after the first. */
  private others: Uint8Array[] | null = null;
  private decoder: TextDecoder | null = null;
  private text = '';

  add(chunk: Uint8Array): void {
    if (this.first === null) {
      this.first = chunk;
      return;
    }
    if (this.decoder === null || this.others === null) {
      this.decoder = new TextDecoder();
      this.text = this.decoder.decode(this.first, MORE);
      this.others = [];
    }
    this.others.push(chunk);
    this.text += this.decoder.decode(chunk, MORE);
  }

  whole(): WholeText {
    const { first, others } = this;
    if (first === null) return { text: '', bytes: null };
    const text = this.decoder === null ? wholeDecoder.decode(first) : this.text + this.decoder.decode();
    const isAsItCame = !text.includes(REPLACEMENT) && first[0] !== MARK;
    return { text, bytes: isAsItCame ? null : joinBytes([first, ...(others ?? [])]).slice() };
  }
}

/** Replaces bytes that are not UTF-8. */
const REPLACEMENT = '\uFFFD';
/** The first byte of a byte order mark, which does not belong to the text; no JSON begins with it. */
const MARK = 0xef;

const wholeDecoder = new TextDecoder();
const MORE = { stream: true } as const;

/** Resolves even if the rest does not arrive: the status says that it failed, and half a reason is still a reason. */
function readStart(body: AnswerBody, limit: number): Promise<string> {
  return new Promise((resolve) => {
    const decoder = new TextDecoder();
    let text = '';
    let size = 0;
    const settle = () => resolve(text);
    body.read({
      chunk(bytes) {
        if (size >= limit) return;
        text += decoder.decode(bytes, { stream: true });
        size += bytes.length;
        if (size < limit) return;
        body.cancel();
        settle();
      },
      end: settle,
      failed: settle,
    });
  });
}
