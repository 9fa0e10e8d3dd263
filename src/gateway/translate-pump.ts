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

/**
 * Characters of an answer from which its endings are rendered one by one, each when the client has room for it: some
 * dialects tell all of a text again at its end, and more than once.
 */
const LONG_ANSWER = 512 * 1024;

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
  /** Of what the answer says so far. */
  let length = 0;
  const sequencer = createSequencer((told) => {
    const event: StreamEvent =
      told.type === 'error' ? { type: 'error', error: redactError(told.error, options.redact) } : told;
    observer.see(event);
    length += lengthOf(event);
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

  function takeAll(): Out | undefined {
    if (events.length === 0) return undefined;
    const taken = events;
    events = [];
    return options.render(taken);
  }

  function take(): Out | undefined {
    if (length < LONG_ANSWER) return takeAll();
    let out: Out | undefined;
    while (out === undefined && events.length > 0) {
      const ending = events.findIndex(({ type }) => ENDINGS.has(type));
      out = options.render(events.splice(0, ending === -1 ? events.length : ending + 1));
    }
    return out;
  }

  /** An answer of which only the dialect's last formality is missing is an answer. */
  function endWith(error: GatewayError): void {
    decoder.end();
    sequencer.push({ type: 'error', error });
  }

  function fail(error: GatewayError): Out | undefined {
    endWith(error);
    return takeAll();
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
    more: take,
    end() {
      try {
        if (!sequencer.ended()) framing.flush(decode);
      } catch (thrown) {
        return fail(framingError(provider, thrown));
      }
      endWith(truncated(provider));
      return take();
    },
  };
}

const ENDINGS: ReadonlySet<StreamEvent['type']> = new Set([
  'text-end',
  'refusal-end',
  'reasoning-end',
  'tool-end',
]);

function lengthOf(event: StreamEvent): number {
  switch (event.type) {
    case 'text-delta':
    case 'refusal-delta':
    case 'reasoning-delta':
      return event.text.length;
    case 'tool-delta':
      return event.arguments.length;
    default:
      return 0;
  }
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
