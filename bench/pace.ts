// The one clock of all streams that come at a model's pace. Each event carries the time it was sent, and growing counts.
import { DELTA_TEXT, FIRST_TEXT, type ProviderId, PROVIDERS } from './fixtures.ts';
import { STREAM_HEAD } from './answers.ts';
import { asChunk } from './http-messages.ts';
import { countsIn, FIRST_COUNT } from './fixtures/wire.ts';
import { findStamp, STAMP, writeStamp } from './stamp.ts';

/** Streams are spread over this many phases of their interval, as independent ones would be. */
const PHASES = 10;

/** What the pace needs of a connection. */
export interface Listener {
  /** False while earlier bytes are still unsent; such a stream misses events, which shows in the number delivered. */
  isReady(): boolean;
  /** The caller may reuse the bytes afterwards. */
  write(bytes: Buffer): void;
}

export interface Pace {
  /** Begins a stream; the returned function ends it. */
  join(listener: Listener): () => void;
  stop(): void;
}

/** Each tick of the clock serves one phase of the streams. */
export function createPace(dialect: ProviderId, perSecond: number): Pace {
  const { head, delta } = PROVIDERS[dialect];
  const opening = Buffer.from(STREAM_HEAD + asChunk(head + delta(FIRST_TEXT)));
  const text = asChunk(delta(DELTA_TEXT + STAMP));
  const event = Buffer.from(text);
  const stampAt = findStamp(event);
  const counts = countsIn(text);
  let rounds = 0;
  const phases = Array.from({ length: PHASES }, () => new Set<Listener>());
  const period = 1000 / perSecond / PHASES;
  let joined = 0;
  let phase = 0;
  let due = performance.now();

  const timer = setInterval(
    () => {
      const now = performance.now();
      // After a delay the clock continues from now: a burst would not be a model's pace.
      if (now - due > 1000 / perSecond) due = now;
      for (; due <= now; due += period) {
        for (const listener of phases[phase] ?? []) {
          if (!listener.isReady()) continue;
          writeStamp(event, stampAt);
          listener.write(event);
        }
        phase = (phase + 1) % PHASES;
        if (phase > 0) continue;
        rounds = (rounds + 1) % FIRST_COUNT;
        for (const { at, count } of counts) event.write(String(count + rounds), at, 'latin1');
      }
    },
    Math.max(1, Math.floor(period)),
  );

  return {
    join(listener) {
      const members = phases[joined++ % PHASES];
      members?.add(listener);
      listener.write(opening);
      return () => members?.delete(listener);
    },
    stop: () => clearInterval(timer),
  };
}
