// Chooses the pump that takes a provider's stream to a client that speaks a wire dialect.
import type { CreateFraming, StreamEncoder } from '../../dialects/dialect.ts';
import type { StreamEvent } from '../../model/events.ts';
import type { PlannedTry } from '../attempts/send.ts';
import { AsEventsPump } from './as-events.ts';
import { PassthroughPump } from './passthrough.ts';
import type { Follower, Pump } from './pump.ts';
import { readingOf } from './reading.ts';
import { TranslatePump } from './translate.ts';
import { JsonArrayWriterPump } from './write-json-array.ts';

export interface PumpClient {
  /** Writes error events into a stream that passes: as server-sent events, even where the client reads an array. */
  createEncoder(): StreamEncoder;
  render(events: readonly StreamEvent[]): Uint8Array | undefined;
  /** The client reads an array, and only what is pumped here becomes an element. */
  takesElements: boolean;
  /** The client overlooks errors in the provider's form: they are written by the encoder. */
  retellsErrors: boolean;
  /** The client learns of an error only by the event that repeats it. */
  needsRepeat: boolean;
}

export function createClientPump(
  createFraming: CreateFraming,
  { createEncoder, render, takesElements, retellsErrors, needsRepeat }: PumpClient,
  context: PlannedTry,
  follower?: Follower,
): Pump<Uint8Array> {
  const { sameDialect, passesAnswer, hides, alternatives = 1 } = context.plan;
  const reading = readingOf(context);
  const passing = { ...reading, hides, alternatives, createEncoder, retellsErrors, needsRepeat };
  if (passesAnswer) {
    const pump = new PassthroughPump({ ...passing, follower });
    const { loadFraming, framing } = reading.side;
    if (loadFraming === undefined || framing !== undefined) return pump;
    return new AsEventsPump(pump, createFraming(reading.maxEvent), reading.provider);
  }
  if (sameDialect && takesElements) return new JsonArrayWriterPump(new PassthroughPump(passing));
  return new TranslatePump({ ...reading, createFraming, render });
}
