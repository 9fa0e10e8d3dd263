// Different dialects: frames are decoded to neutral events, put in sequence, and rendered for the client.
import {
  type CreateFraming,
  MalformedEvent,
  type ProviderSide,
  type Quirks,
  type StreamEncoder,
} from '../dialects/dialect.ts';
import type { GatewayError } from '../model/errors.ts';
import type { StreamEvent } from '../model/events.ts';
import type { SseEvent } from '../sse/event.ts';
import type { Observer } from './observer.ts';
import { framingError, type Pump, truncated } from './pump.ts';
import { redactError } from './redact-error.ts';
import { createSequencer } from './sequence.ts';

export interface TranslateOptions<Out> {
  provider: string;
  side: ProviderSide;
  createFraming: CreateFraming;
  /** Turns the events of one chunk into what the client gets. */
  render(events: readonly StreamEvent[]): Out | undefined;
  observer: Observer;
  maxEvent: number;
  /** Of the provider. */
  quirks: Quirks;
  onMalformed(error: MalformedEvent): void;
  /** What the provider says of a failure may quote a key. */
  redact(text: string): string;
}

export function createTranslatePump<Out>(options: TranslateOptions<Out>): Pump<Out> {
  const { provider, side, observer, maxEvent } = options;
  const framing = options.createFraming(maxEvent);
  let events: StreamEvent[] = [];
  const sequencer = createSequencer((told) => {
    const event: StreamEvent =
      told.type === 'error' ? { type: 'error', error: redactError(told.error, options.redact) } : told;
    observer.see(event);
    events.push(event);
  });
  const decoder = side.createStreamDecoder((event) => sequencer.push(event), options.quirks);
  let tookEvent = false;

  function decode(event: SseEvent): void {
    if (side.classify(event) !== 'ping') tookEvent = true;
    try {
      decoder.decode(event);
    } catch (thrown) {
      if (!(thrown instanceof MalformedEvent)) throw thrown;
      sequencer.noteSkipped();
      observer.noteMalformed();
      options.onMalformed(thrown);
    }
  }

  function take(): Out | undefined {
    if (events.length === 0) return undefined;
    const taken = events;
    events = [];
    return options.render(taken);
  }

  function fail(error: GatewayError): Out | undefined {
    // An answer of which only the dialect's last formality is missing is an answer.
    decoder.end();
    sequencer.push({ type: 'error', error });
    return take();
  }

  return {
    fail,
    ended: () => sequencer.ended(),
    tookEvent() {
      const took = tookEvent;
      tookEvent = false;
      return took;
    },
    push(chunk) {
      if (sequencer.ended()) return undefined;
      try {
        framing.push(chunk, decode);
      } catch (thrown) {
        return fail(framingError(provider, thrown));
      }
      return take();
    },
    end() {
      try {
        if (!sequencer.ended()) framing.flush(decode);
      } catch (thrown) {
        return fail(framingError(provider, thrown));
      }
      return fail(truncated(provider));
    },
  };
}

const textEncoder = new TextEncoder();

/** Renders events as the client's wire text: one write for all that one upstream chunk brought. */
export function createByteRenderer(
  encoder: StreamEncoder,
): (events: readonly StreamEvent[]) => Uint8Array | undefined {
  return (events) => {
    let text = '';
    for (const event of events) text += encoder.encode(event);
    return text === '' ? undefined : textEncoder.encode(text);
  };
}
