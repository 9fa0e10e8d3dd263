// The watchers of a live view. Each gets whole frames of server-sent events, several together where they wait, as fast as it reads. A slow
// one loses frames and is told how many; nothing waits for it.
import { joinBytes } from '../../model/join-bytes.ts';

export interface Watchers {
  count(): number;
  /** Sends the frame to all of them. */
  publish(frame: Uint8Array): void;
  /** Frames from now on, until the watcher leaves. */
  watch(): ReadableStream<Uint8Array>;
  /** Passes on each frame synchronously, and nothing else. Returns a function that stops it. */
  follow(take: (frame: Uint8Array) => void): () => void;
  /** Ends every watcher's stream. */
  close(): void;
}

/** Bytes that may wait for one watcher: thousands of frames, as a long answer that comes at once makes them. */
const MOST_WAITING = 1024 * 1024;
/**
 * Bytes of waiting frames that are read together. Where the connection is compressed, frames come faster than they could be read one by
 * one, and even a fast watcher would lose most of a fast answer.
 */
const READ_AT_ONCE = 64 * 1024;
/** The longest time without anything sent to a watcher. */
const PING_MS = 15_000;

const textEncoder = new TextEncoder();

/** @param onChange called when a watcher comes or goes. */
export function createWatchers(
  setTimer: (callback: () => void, ms: number) => () => void,
  onChange: () => void = () => {},
): Watchers {
  const watchers = new Set<Watcher>();
  const followers = new Set<(frame: Uint8Array) => void>();
  return {
    count: () => watchers.size + followers.size,
    publish(frame) {
      for (const watcher of watchers) watcher.take(frame);
      for (const take of followers) take(frame);
    },
    watch() {
      const watcher = createWatcher(setTimer, () => {
        if (watchers.delete(watcher)) onChange();
      });
      watchers.add(watcher);
      onChange();
      return watcher.stream;
    },
    follow(take) {
      followers.add(take);
      return () => void followers.delete(take);
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
  /** Bytes in the queue. */
  let waiting = 0;
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
    if (waiting >= MOST_WAITING) {
      skipped += 1;
      return;
    }
    tellSkipped();
    enqueue(frame);
    deliver?.();
  }

  function enqueue(frame: Uint8Array): void {
    queue.push(frame);
    waiting += frame.length;
  }

  /** Tells how many frames were skipped, before the next one that is sent. */
  function tellSkipped(): void {
    if (skipped === 0) return;
    enqueue(textEncoder.encode(`event: lag\ndata: {"skipped":${skipped}}\n\n`));
    skipped = 0;
  }

  function next(): Uint8Array | undefined {
    if (queue.length === 0) tellSkipped();
    if (queue.length === 0) return undefined;
    const frames = joinBytes(takeFrames(queue));
    waiting -= frames.length;
    return frames;
  }

  /** Gives what waits; false where there is nothing yet. */
  function give(): boolean {
    const frames = next();
    if (frames !== undefined) controller?.enqueue(frames);
    else if (over) controller?.close();
    return frames !== undefined || over;
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
        // A server may hold back the head of an answer until part of its body exists.
        given.enqueue(textEncoder.encode(': watching\n\n'));
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
      // What waits can still be read.
      over = true;
      deliver?.();
    },
  };
}

/** Takes the frames that are read together from the queue. */
function takeFrames(queue: Uint8Array[]): Uint8Array[] {
  let count = 0;
  let bytes = 0;
  for (const frame of queue) {
    if (bytes >= READ_AT_ONCE) break;
    bytes += frame.length;
    count += 1;
  }
  return queue.splice(0, count);
}
