// Reads an upstream's stream through a pump, at the client's pace, within the upstream's time limits.
import { GatewayError, toGatewayError } from '../model/errors.ts';
import type { ThroughputGuard } from '../upstream/throughput.ts';
import type { Observer } from './observer.ts';
import { type Pump, truncated } from './pump.ts';
import type { Call } from './send.ts';

/** How long an upstream may keep the connection open after its terminal event before it is closed for it. */
const CLOSING_GRACE_MS = 500;

export interface Relay<Out> {
  /**
   * Reads until the answer's first content is at hand, holding what came before it. Rejects with the
   * GatewayError of an upstream that failed before: nothing has reached the client, another may be asked.
   */
  ready(): Promise<void>;
  /** What the client gets next, undefined when the stream is over. Never rejects. */
  next(): Promise<Out | undefined>;
  /** The last thing for the client, when something outside the upstream ends the stream. */
  fail(error: GatewayError): Out | undefined;
  cancel(): void;
}

export interface RelayOptions<Out> {
  provider: string;
  body: ReadableStream<Uint8Array>;
  pump: Pump<Out>;
  observer: Observer;
  /** The upstream request: watched, and aborted with the stream. */
  call: Call;
  idleMs: number;
  /** Where a stream may be too slow; it is judged from its first content on. */
  throughput?: ThroughputGuard | undefined;
}

interface ReadResult {
  done: boolean;
  value?: Uint8Array | undefined;
}

export function createRelay<Out>(options: RelayOptions<Out>): Relay<Out> {
  const { provider, pump, observer, throughput, call } = options;
  const { watchdog } = call;
  const { timing } = observer.seen;
  const reader = options.body.getReader();
  const held: Out[] = [];
  let over = false;
  let firstContent = false;
  let freshWait = true;
  let closing = false;

  function waitForUpstream(): void {
    const now = timing.waiting();
    if (pump.ended()) {
      if (!closing) watchdog.wait('closing', CLOSING_GRACE_MS, now);
      closing = true;
      return;
    }
    // Until the first content the owner's `first_byte` limit runs on. Keep-alives do not restart `idle`.
    if (firstContent && freshWait) watchdog.wait('idle', options.idleMs, now);
    if (firstContent) throughput?.waiting(now);
  }

  /** One read: what it brought for the client. */
  function read(): Promise<Out | undefined> {
    waitForUpstream();
    return reader.read().then(digest, broken);
  }

  function broken(thrown: unknown): Out | undefined {
    timing.arrived();
    return finish(brokenStream(provider, thrown));
  }

  function digest({ done, value: chunk }: ReadResult): Out | undefined {
    timing.arrived();
    if (done || chunk === undefined) return finish(undefined);
    try {
      const out = pump.push(chunk);
      timing.taken();
      freshWait = pump.tookEvent();
      if (freshWait && !closing && firstContent) watchdog.rest();
      if (throughput?.arrived(chunk.length) === false && !pump.ended()) watchdog.expire('min_throughput');
      if (out === undefined && pump.broke?.() === true) stop();
      return out;
    } catch (thrown) {
      stop();
      return pump.fail(toGatewayError(thrown));
    }
  }

  /** The upstream's stream is over, by itself or by a failure. */
  function finish(brokenBy: GatewayError | undefined): Out | undefined {
    over = true;
    watchdog.stop();
    const failure = call.timeout() ?? brokenBy;
    try {
      return failure === undefined || pump.ended() ? pump.end() : pump.fail(failure);
    } catch (thrown) {
      stop();
      return pump.fail(toGatewayError(thrown));
    }
  }

  /** For the client: one promise for a read that brings something, which is most of them. */
  function readForClient(): Promise<Out | undefined> {
    waitForUpstream();
    return reader.read().then(digestForClient, broken);
  }

  function digestForClient(result: ReadResult): Out | undefined | Promise<Out | undefined> {
    const out = digest(result);
    return out === undefined && !over ? more() : out;
  }

  async function more(): Promise<Out | undefined> {
    while (!over) {
      const out = await read();
      if (out !== undefined) return out;
    }
    return undefined;
  }

  function stop(): void {
    over = true;
    watchdog.stop();
    // Cancelling a stream that already failed rejects with that failure, which has been told.
    reader.cancel().catch(() => {});
    call.abort();
  }

  return {
    async ready() {
      while (!over) {
        const out = await read();
        if (out !== undefined) held.push(out);
        if (observer.seen.error !== null) break;
        if (observer.seen.firstContentAt !== null) {
          firstContent = true;
          watchdog.rest();
          return;
        }
      }
      const { error, finish, firstContentAt } = observer.seen;
      if (error !== null && firstContentAt === null) {
        stop();
        throw error;
      }
      if (error === null && finish === null) {
        stop();
        throw truncated(provider);
      }
    },
    next() {
      const ready = held.shift();
      return ready !== undefined || over ? Promise.resolve(ready) : readForClient();
    },
    fail(error) {
      const out = pump.ended() ? undefined : pump.fail(error);
      stop();
      return out;
    },
    cancel: stop,
  };
}

function brokenStream(provider: string, cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  const message = `the connection to ${provider} broke off in the middle of the answer`;
  return new GatewayError('upstream_truncated', message, { cause });
}
