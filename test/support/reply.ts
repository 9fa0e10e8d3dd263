// What a replay upstream answers: a recording or any pieces, with pauses and faults.
import { type Recording, recordedHeaders } from './recordings.ts';
import { type Split, WHOLE } from './splits.ts';

export interface Reply {
  status: number;
  headers: Record<string, string>;
  /** Pulled one by one, only as fast as the client reads: may be endless. */
  pieces: Iterable<Uint8Array>;
  /** Milliseconds before each piece. Prefer `before` in tests. */
  delayMs?: number;
  /** Awaited before piece `index` goes out: a gate that a test opens. */
  before?: (index: number) => Promise<void> | void;
  fault?: ReplyFault;
}

export type ReplyFault =
  /** Never answers. */
  | { kind: 'hang-before-headers' }
  /** Sends the head, then nothing. */
  | { kind: 'hang-before-first-byte' }
  /** Goes silent after that many body bytes, connection open. */
  | { kind: 'hang'; after: number }
  /** Ends the body after that many bytes, as if it were whole. */
  | { kind: 'cut'; after: number }
  /** Drops the connection after that many body bytes. */
  | { kind: 'reset'; after: number };

export interface ReplyOptions {
  split?: Split;
  delayMs?: number;
  before?: (index: number) => Promise<void> | void;
  fault?: ReplyFault;
  /** Over the recording's own. */
  status?: number;
  headers?: Record<string, string>;
}

export function replyOf(recording: Recording, options: ReplyOptions = {}): Reply {
  return {
    ...withoutSplit(options),
    status: options.status ?? recording.status,
    headers: { ...recordedHeaders(recording), ...options.headers },
    pieces: (options.split ?? WHOLE).cut(recording.body),
  };
}

/** A reply with a body of the test's own. Text is sent as UTF-8. */
export function replyWith(
  body: string | Uint8Array | Iterable<Uint8Array>,
  options: ReplyOptions = {},
): Reply {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return {
    ...withoutSplit(options),
    status: options.status ?? 200,
    headers: { 'content-type': 'text/event-stream', ...options.headers },
    pieces: bytes instanceof Uint8Array ? (options.split ?? WHOLE).cut(bytes) : bytes,
  };
}

export function jsonReply(value: unknown, options: ReplyOptions = {}): Reply {
  const headers = { 'content-type': 'application/json', ...options.headers };
  return replyWith(JSON.stringify(value), { ...options, headers });
}

function withoutSplit(options: ReplyOptions): Pick<Reply, 'delayMs' | 'before' | 'fault'> {
  return {
    ...(options.delayMs === undefined ? {} : { delayMs: options.delayMs }),
    ...(options.before === undefined ? {} : { before: options.before }),
    ...(options.fault === undefined ? {} : { fault: options.fault }),
  };
}

/** One request as it reached the upstream, and what became of its answer. */
export interface SeenRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: Headers;
  body: Uint8Array;
  /** Body as JSON; throws where it is none. */
  json(): unknown;
  /** Body bytes that the transport took so far (in its buffers, not necessarily read by the client). */
  bytesSent: number;
  piecesSent: number;
  /** Time (performance.now()) at which the client left before the end; null while it has not. */
  abortedAt: number | null;
  /** `left`: the client went away. `cut`/`reset`: the fault asked for happened. */
  readonly ended: Promise<'complete' | 'cut' | 'reset' | 'left'>;
}

export type Ending = 'complete' | 'cut' | 'reset' | 'left';

export function createSeenRequest(
  method: string,
  path: string,
  headers: Headers,
  body: Uint8Array,
): { seen: SeenRequest; end(how: Ending): void } {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const seen: SeenRequest = {
    method,
    path,
    headers,
    body,
    json: () => JSON.parse(new TextDecoder().decode(body)),
    bytesSent: 0,
    piecesSent: 0,
    abortedAt: null,
    ended: promise,
  };
  const end = (how: Ending) => {
    if (how === 'left') seen.abortedAt ??= performance.now();
    resolve(how);
  };
  return { seen, end };
}

/**
 * The reply's pieces with its pauses, cut where its fault says. Ends with how it ended; stops early when
 * `left` fires. A `hang` waits for `left`.
 */
export async function* playReply(reply: Reply, left: AbortSignal): AsyncGenerator<Uint8Array, Ending> {
  const fault = reply.fault;
  const gone = leaving(left);
  if (fault?.kind === 'hang-before-first-byte') return await gone;
  let room = fault !== undefined && 'after' in fault ? fault.after : Number.POSITIVE_INFINITY;
  let index = 0;
  for (const piece of reply.pieces) {
    if (room <= 0) break;
    const pause = reply.before?.(index);
    if (pause !== undefined) await Promise.race([pause, gone]);
    if (reply.delayMs !== undefined) await Promise.race([Bun.sleep(reply.delayMs), gone]);
    if (left.aborted) return 'left';
    yield piece.length > room ? piece.subarray(0, room) : piece;
    if (left.aborted) return 'left';
    room -= piece.length;
    index++;
  }
  if (fault?.kind === 'hang') return await gone;
  if (fault?.kind === 'cut' || fault?.kind === 'reset') return fault.kind;
  return 'complete';
}

function leaving(signal: AbortSignal): Promise<'left'> {
  if (signal.aborted) return Promise.resolve('left');
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve('left'), { once: true }));
}
