// One request's answer, from before the request is sent until its last byte is passed on, or it is not wanted any more.
import type { CancelSignal } from '../../upstream/cancellation.ts';
import type { AnswerBody, BodyReader, UpstreamAnswer } from '../../upstream/transport.ts';
import type { Connection } from './connection.ts';
import type { HeaderList } from '../../model/header-list.ts';

/** Whether the server closed the connection before it saw the request, as far as that can be told. */
export type Staleness = 'no' | 'likely' | 'certain';

export interface AnswerWaiter {
  /** The network has carried more of the request. */
  progressed(): void;
  resolve(answer: UpstreamAnswer): void;
  reject(reason: unknown): void;
  /** The connection was stale. Returns true if another connection takes the request over. */
  stale(answer: RunningAnswer, staleness: Exclude<Staleness, 'no'>): boolean;
}

export class RunningAnswer implements AnswerBody {
  /** Null once the head has arrived: it holds the request, which would otherwise stay in memory for as long as the stream. */
  private waiter: AnswerWaiter | null;
  private readonly signal: CancelSignal | undefined;
  /** How many bytes of a body may wait for the reader before the server is held back. */
  private readonly maxUnread: number;
  private connection: Connection | null = null;
  private state: 'waiting' | 'flowing' | 'complete' | 'failed' | 'cancelled' = 'waiting';
  private reader: BodyReader | null = null;
  private isPaused = false;
  /** What arrived while there was no reader. */
  private unread: Uint8Array[] | null = null;
  private unreadSize = 0;
  private failure: Error | null = null;
  private readonly leave = () => {
    const { connection, signal } = this;
    this.connection = null;
    connection?.destroy();
    const reason = signal?.reason;
    this.failed(reason instanceof Error ? reason : new Error('the request was ended'), 'no');
  };

  constructor(waiter: AnswerWaiter, signal: CancelSignal | undefined, maxUnread: number) {
    this.maxUnread = maxUnread;
    this.waiter = waiter;
    this.signal = signal;
    signal?.addEventListener('abort', this.leave, { once: true });
  }

  /** Whether it is still waited for. */
  get isWanted(): boolean {
    return this.state === 'waiting' || this.state === 'flowing';
  }

  /** Sets the connection over which it comes. */
  on(connection: Connection): void {
    this.connection = connection;
  }

  // Called by the connection.

  /** More of the request was carried to the server. */
  progressed(): void {
    this.waiter?.progressed();
  }

  head(status: number, headers: HeaderList): void {
    const { waiter } = this;
    this.state = 'flowing';
    this.waiter = null;
    waiter?.resolve({ status, headers, body: this });
  }

  chunk(bytes: Uint8Array): void {
    const { reader } = this;
    if (reader !== null && !this.isPaused && this.unread === null) {
      reader.chunk(bytes);
      return;
    }
    this.unread ??= [];
    this.unread.push(bytes);
    this.unreadSize += bytes.length;
    if (this.unreadSize > this.maxUnread) this.connection?.pause();
  }

  complete(): void {
    this.over('complete');
    this.deliver();
  }

  failed(error: Error, staleness: Staleness): void {
    if (!this.isWanted) return;
    const { waiter } = this;
    if (staleness !== 'no' && waiter?.stale(this, staleness) === true) return;
    const hadHead = this.state === 'flowing';
    this.over('failed');
    this.failure = error;
    if (hadHead) this.deliver();
    else waiter?.reject(error);
  }

  // Called by the reader.

  read(reader: BodyReader): void {
    this.reader = reader;
    this.deliver();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.deliver();
  }

  cancel(): void {
    if (this.state === 'cancelled') return;
    const { connection } = this;
    this.over('cancelled');
    this.reader = null;
    this.unread = null;
    connection?.destroy();
  }

  private over(state: 'complete' | 'failed' | 'cancelled'): void {
    this.state = state;
    this.connection = null;
    this.signal?.removeEventListener('abort', this.leave);
  }

  /** Delivers what arrived while there was no reader, and then the end. */
  private deliver(): void {
    while (this.unread !== null) {
      const { reader, unread } = this;
      if (reader === null || this.isPaused) return;
      this.unread = null;
      this.unreadSize = 0;
      // As one piece, so that a slow reader catches up at once, however small the pieces were.
      const [first] = unread;
      reader.chunk(unread.length === 1 && first !== undefined ? first : Buffer.concat(unread));
    }
    const { reader } = this;
    if (reader === null || this.isPaused) return;
    if (this.state === 'flowing') {
      this.connection?.resume();
      return;
    }
    this.reader = null;
    if (this.state === 'complete') reader.end();
    else if (this.failure !== null) reader.failed(this.failure);
  }
}
