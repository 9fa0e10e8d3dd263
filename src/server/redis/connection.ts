// One connection to the Redis server: scripts are answered in the order in which they are sent, or all fail together.
import { RedisClient } from 'bun';
import type { Script } from './scripts.ts';
import { codeOf, messageOf } from '../../model/thrown.ts';

/** Time to establish a connection, in milliseconds; no request waits for that longer than for an answer. */
const CONNECT_MS = 5_000;
/**
 * How often passing time is measured. If more passed, this process stood still: it was stopped, or the machine was asleep or overloaded.
 */
const STEP_MS = 10;

export interface ConnectionOptions {
  url: string;
  /** Milliseconds without an answer after which the connection is given up. */
  timeoutMs: number;
  /** Nothing will be answered any more. Called once, unless it was closed before. @param reason undefined: the runtime states none. */
  onLost(reason: string | undefined): void;
}

interface Waiting {
  /** When its caller began to wait, by `performance.now()`; moved later by any time in which this process stood still. */
  since: number;
  settle(answer: unknown): void;
}

/**
 * The runtime's client is told not to queue commands and not to reconnect by itself: while there is no connection, that would take longer
 * than a request may wait. Nor does it ever give up a silent server.
 */
export class Connection {
  private readonly client: RedisClient;
  private readonly options: ConnectionOptions;
  /** The one that has waited longest first. */
  private readonly waiting = new Set<Waiting>();
  private watching: ReturnType<typeof setTimeout> | null = null;
  private isOver = false;

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.client = new RedisClient(options.url, {
      connectionTimeout: CONNECT_MS,
      autoReconnect: false,
      enableOfflineQueue: false,
      maxRetries: 0,
    });
    this.client.onclose = () => this.lose(undefined);
  }

  /** Resolves to whether it can be used. */
  async open(): Promise<boolean> {
    try {
      await this.client.connect();
    } catch {
      this.lose(undefined);
    }
    return !this.isOver;
  }

  /**
   * Resolves to the script's answer, or to undefined once the connection is lost.
   * @param since when the caller began to wait, by `performance.now()`.
   */
  run(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    since = performance.now(),
  ): Promise<unknown> {
    if (this.isOver) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const waiting: Waiting = { since, settle: resolve };
      this.waiting.add(waiting);
      this.watch();
      const answered = (answer: unknown) => {
        if (this.waiting.delete(waiting)) resolve(answer);
      };
      const failed = (error: unknown) => this.lose(isClosed(error) ? undefined : messageOf(error));
      const rest = [String(keys.length), ...keys, ...args];
      this.client.send('EVALSHA', [script.digest, ...rest]).then(answered, (error: unknown) => {
        if (!messageOf(error).startsWith('NOSCRIPT') || this.isOver) failed(error);
        else this.client.send('EVAL', [script.text, ...rest]).then(answered, failed);
      });
    });
  }

  close(): void {
    this.isOver = true;
    if (this.watching !== null) clearTimeout(this.watching);
    for (const { settle } of this.waiting) settle(undefined);
    this.waiting.clear();
    this.client.close();
  }

  private lose(reason: string | undefined): void {
    if (this.isOver) return;
    this.close();
    this.options.onLost(reason);
  }

  /** One timer for all that wait. */
  private watch(): void {
    if (this.watching !== null) return;
    const [first] = this.waiting;
    if (first === undefined) return;
    const { timeoutMs } = this.options;
    const begun = performance.now();
    const stepMs = Math.min(STEP_MS, Math.max(0, first.since + timeoutMs - begun));
    this.watching = setTimeout(() => {
      this.watching = null;
      const now = performance.now();
      // What was sent may have been held up together with this process, which is not the server's fault.
      const heldUpMs = Math.max(0, now - begun - stepMs);
      for (const waiting of this.waiting) waiting.since = Math.min(now, waiting.since + heldUpMs);
      const [longest] = this.waiting;
      if (longest !== undefined && now - longest.since >= timeoutMs)
        this.lose(`no answer within ${timeoutMs} ms (redis.timeout)`);
      else this.watch();
    }, stepMs);
  }
}

/** Whether the connection is gone for no reason that the runtime states. */
function isClosed(error: unknown): boolean {
  return codeOf(error) === 'ERR_REDIS_CONNECTION_CLOSED';
}
