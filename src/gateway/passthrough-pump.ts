// Same dialect on both sides: the provider's bytes go on untouched, whole events at a time, while a tap reads
// a copy for the ledger. A failing tap never touches the bytes (GUARANTEES 6).
import {
  MalformedEvent,
  type ProviderSide,
  type Quirks,
  type StreamDecoder,
  type StreamEncoder,
} from '../dialects/dialect.ts';
import type { GatewayError } from '../model/errors.ts';
import type { SseEvent } from '../sse/event.ts';
import { createFrameSplitter } from '../sse/frame-splitter.ts';
import { parseFrame } from '../sse/parse-frame.ts';
import type { Observer } from './observer.ts';
import { type Follower, framingError, type Pump, truncated } from './pump.ts';
import { redactError } from './redact-error.ts';

export interface PassthroughOptions {
  provider: string;
  side: ProviderSide;
  /** Events that the client did not ask for. */
  hides: ((event: SseEvent) => boolean) | undefined;
  /** Of the client's dialect, for the error event that may have to end the stream. */
  createEncoder(): StreamEncoder;
  observer: Observer;
  maxEvent: number;
  /** Of the provider. */
  quirks: Quirks;
  onTapFailure(thrown: unknown): void;
  /** What the provider says of a failure may quote a key. */
  redact(text: string): string;
  follower?: Follower | undefined;
}

const textEncoder = new TextEncoder();

export function createPassthroughPump(options: PassthroughOptions): Pump<Uint8Array> {
  const { provider, side, hides, observer, maxEvent, redact, follower } = options;
  const splitter = createFrameSplitter(maxEvent);
  const decoder: StreamDecoder = side.createStreamDecoder((event) => {
    if (event.type !== 'error') {
      follower?.see(event);
      return observer.see(event);
    }
    observer.see({ type: 'error', error: redactError(event.error, redact) });
  }, options.quirks);
  let terminal = false;
  /** That the client got, of those that are looked into. */
  let last: SseEvent | undefined;
  let tookEvent = false;
  let failed = false;
  /** The client is not told that it failed. */
  let kept = false;

  const ended = () => observer.seen.finish !== null || observer.seen.error !== null;

  /** False for a frame that must not reach the client. */
  function tap(event: SseEvent): boolean {
    const kind = side.classify(event);
    if (kind !== 'ping') tookEvent = true;
    // Exactly one terminal event, whatever the provider says behind it (GUARANTEES 14).
    if (terminal) return kind === 'ping';
    terminal = kind === 'terminal';
    const isReadable = decode(event);
    const { error } = observer.seen;
    if (error !== null && follower?.keeps(error) === true) {
      terminal = true;
      failed = true;
      kept = true;
      return false;
    }
    if (hides?.(event) === true) return false;
    // What cannot be read has no number for the next event to follow.
    if (!isReadable) return true;
    last = event;
    follower?.passed(event);
    return true;
  }

  function decode(event: SseEvent): boolean {
    try {
      decoder.decode(event);
      return true;
    } catch (thrown) {
      if (thrown instanceof MalformedEvent) observer.noteMalformed();
      else options.onTapFailure(thrown);
      return false;
    }
  }

  function fail(error: GatewayError): Uint8Array | undefined {
    failed = true;
    // An answer of which only the dialect's last formality is missing is an answer.
    decoder.end();
    if (ended()) return undefined;
    observer.see({ type: 'error', error });
    if (follower?.keeps(error) === true) {
      kept = true;
      return undefined;
    }
    const encoder = options.createEncoder();
    if (last !== undefined) encoder.follow?.(last);
    return textEncoder.encode(encoder.encode({ type: 'error', error }));
  }

  /** An error event without the keys it quotes; byte for byte what came where it quotes none. */
  function redacted(frame: Uint8Array): Uint8Array {
    const text = new TextDecoder().decode(frame);
    const clean = redact(text);
    return clean === text ? frame : textEncoder.encode(clean);
  }

  return {
    ended,
    fail,
    broke: () => kept,
    tookEvent() {
      const took = tookEvent;
      tookEvent = false;
      return took;
    },
    push(chunk) {
      if (failed) return undefined;
      let completed: ReturnType<typeof splitter.push>;
      try {
        completed = splitter.push(chunk);
      } catch (thrown) {
        return fail(framingError(provider, thrown));
      }
      // Frames that the client gets otherwise than they came: not at all, or without a key.
      let changed: Map<Uint8Array, Uint8Array | null> | undefined;
      for (const frame of completed.frames) {
        if (
          observer.seen.firstContentAt !== null &&
          !observer.wantsText() &&
          follower === undefined &&
          side.addsContentOnly?.(frame) === true
        ) {
          tookEvent = true;
          observer.seen.timing.content();
          continue;
        }
        const event = parseFrame(frame);
        if (event === undefined) continue;
        const failedBefore = observer.seen.error !== null;
        const shown = tap(event);
        const tellsError = !failedBefore && observer.seen.error !== null;
        if (shown && !tellsError) continue;
        changed ??= new Map();
        changed.set(frame, shown ? redacted(frame) : null);
      }
      if (completed.bytes.length === 0) return undefined;
      return changed === undefined ? completed.bytes : withChanges(completed.frames, changed);
    },
    end() {
      if (failed) return undefined;
      let rest: Uint8Array | undefined = splitter.flush();
      const event = parseFrame(rest);
      if (event !== undefined) {
        const before = observer.seen.malformedEvents;
        const shown = tap(event);
        // Half an event is not forwarded: the error that follows must stand on a line of its own.
        if (!shown || (observer.seen.malformedEvents > before && !ended())) rest = undefined;
        else if (observer.seen.error !== null) rest = redacted(rest);
      }
      if (rest?.length === 0) rest = undefined;
      const error = fail(truncated(provider));
      if (rest === undefined || (error === undefined && !kept)) return rest ?? error;
      return join([rest, textEncoder.encode('\n\n'), error ?? new Uint8Array()]);
    },
  };
}

function withChanges(
  frames: readonly Uint8Array[],
  changed: ReadonlyMap<Uint8Array, Uint8Array | null>,
): Uint8Array | undefined {
  const shown = frames.flatMap((frame) => {
    const instead = changed.get(frame);
    return instead === null ? [] : [instead ?? frame];
  });
  return shown.length === 0 ? undefined : join(shown);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
