// What is happening now, for those who watch: each stream's start, text and end. A slow watcher loses events and
// is told how many; no stream ever waits for one (GUARANTEES 12).

export type LiveEvent =
  | { type: 'started'; request_id: string; model: string; provider: string; agent_type?: string }
  | { type: 'text_delta'; request_id: string; text: string }
  | {
      type: 'completed';
      request_id: string;
      model: string | null;
      provider: string | null;
      input_tokens: number;
      output_tokens: number;
      cost_usd: number | null;
    }
  | { type: 'error'; request_id: string; status: 'error' | 'aborted' | 'truncated'; message: string };

export interface LiveView {
  /** Of one request; `redact` takes out of its text what must not be shown. */
  open(requestId: string, redact: (text: string) => string): LiveStream;
  /** Server-sent events from now on, until the watcher leaves. */
  watch(): ReadableStream<Uint8Array>;
  /** Ends every watcher's stream. */
  close(): void;
}

export interface LiveStream {
  /** Only then is it worth reading text that nobody else needs. */
  isWatched(): boolean;
  started(target: { model: string; provider: string; agentType: string | null }): void;
  text(delta: string): void;
  /** The last event. */
  ended(event: LiveEnding): void;
}

export type LiveEnding = WithoutId<Extract<LiveEvent, { type: 'completed' | 'error' }>>;
type WithoutId<Event> = Event extends unknown ? Omit<Event, 'request_id'> : never;

/** Events that may wait for one watcher. */
const LONGEST_QUEUE = 1_000;
/** Longest silence towards a watcher. */
const PING_MS = 15_000;
/** A word that long is shown in parts: longer than any key. */
const LONGEST_WORD = 1_024;
/** The end of a text in which a key may have begun: keys are made of these and hold no blank. */
const UNFINISHED_WORD = /[!-~]*$/;

const textEncoder = new TextEncoder();

export function createLiveView(setTimer: (callback: () => void, ms: number) => () => void): LiveView {
  const watchers = new Set<Watcher>();
  const isWatched = () => watchers.size > 0;

  function publish(event: LiveEvent): void {
    if (watchers.size === 0) return;
    const frame = textEncoder.encode(`event: stream_event\ndata: ${JSON.stringify(event)}\n\n`);
    for (const watcher of watchers) watcher.take(frame);
  }

  return {
    open(request_id, redact) {
      let isStarted = false;
      // A key can come in pieces: what may be the beginning of one waits for the rest of its word.
      let held = '';
      const show = (text: string) => {
        if (text !== '') publish({ type: 'text_delta', request_id, text: redact(text) });
      };
      return {
        isWatched,
        started({ model, provider, agentType }) {
          if (isStarted) return;
          isStarted = true;
          const agent = agentType === null ? {} : { agent_type: redact(agentType) };
          publish({ type: 'started', request_id, model: redact(model), provider, ...agent });
        },
        text(delta) {
          if (watchers.size === 0) {
            held = '';
            return;
          }
          const text = held + delta;
          const unfinished = UNFINISHED_WORD.exec(text)?.[0] ?? '';
          held = unfinished.length > LONGEST_WORD ? '' : unfinished;
          show(text.slice(0, text.length - held.length));
        },
        ended(event) {
          show(held);
          held = '';
          publish({ ...event, request_id });
        },
      };
    },
    watch() {
      const watcher = createWatcher(setTimer, () => watchers.delete(watcher));
      watchers.add(watcher);
      return watcher.stream;
    },
    close() {
      for (const watcher of watchers) watcher.end();
    },
  };
}

interface Watcher {
  stream: ReadableStream<Uint8Array>;
  take(frame: Uint8Array): void;
  end(): void;
}

function createWatcher(
  setTimer: (callback: () => void, ms: number) => () => void,
  onLeave: () => void,
): Watcher {
  const queue: Uint8Array[] = [];
  let skipped = 0;
  let over = false;
  /** Set while the watcher waits for something to read. */
  let deliver: (() => void) | undefined;
  let cancelPing = () => {};
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  function leave(): void {
    cancelPing();
    onLeave();
  }

  function ping(): void {
    cancelPing = setTimer(() => {
      if (deliver !== undefined) take(textEncoder.encode(': ping\n\n'));
      ping();
    }, PING_MS);
  }

  function take(frame: Uint8Array): void {
    if (queue.length >= LONGEST_QUEUE) {
      skipped += 1;
      return;
    }
    queue.push(frame);
    deliver?.();
  }

  /** What was skipped came after what is queued. */
  function next(): Uint8Array | undefined {
    const frame = queue.shift();
    if (frame !== undefined || skipped === 0) return frame;
    const lag = textEncoder.encode(`event: lag\ndata: {"skipped":${skipped}}\n\n`);
    skipped = 0;
    return lag;
  }

  /** False where there is nothing to read yet. */
  function give(): boolean {
    const frame = next();
    if (frame !== undefined) controller?.enqueue(frame);
    else if (over) controller?.close();
    return frame !== undefined || over;
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
        ping();
      },
      pull() {
        if (give()) return;
        return new Promise<void>((resolve) => {
          deliver = () => {
            deliver = undefined;
            give();
            resolve();
          };
        });
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );

  return {
    stream,
    take,
    end() {
      leave();
      // What waits is still read.
      over = true;
      deliver?.();
    },
  };
}
