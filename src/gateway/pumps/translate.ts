// Different dialects: frames are decoded to neutral events, put in sequence, and rendered for the client.
import {
  type CreateFraming,
  type EventTaker,
  MalformedEvent,
  type ProviderSide,
  type StreamDecoder,
  type StreamEncoder,
  type StreamFraming,
} from '../../dialects/dialect.ts';
import type { GatewayError } from '../../model/errors.ts';
import { isBlockEnd, type StreamEvent } from '../../model/events.ts';
import type { SseEvent } from '../../sse/event.ts';
import { hintedError } from './retry-hint.ts';
import { noteErrorData, type Observer } from '../record/observer.ts';
import { isClientLeft } from '../cancellation-errors.ts';
import { framingError, keptTooMuch, type Pump, truncated } from './pump.ts';
import type { Reading } from './reading.ts';
import { redactError } from '../../model/redact/redact-error.ts';
import { repeatableText } from './repeatable-text.ts';
import { Sequencer, type SequenceReader } from './sequence.ts';

/**
 * In characters: the closing events of an answer from this length on are rendered one by one, each when the client has room, since some
 * dialects repeat all of the text at its end, more than once.
 */
const LONG_ANSWER = 512 * 1024;

export interface TranslateOptions<Out> extends Reading {
  createFraming: CreateFraming;
  /** Turns the events of one chunk into what the client gets. */
  render(events: readonly StreamEvent[]): Out | undefined;
}

/** A class, so that a stream holds few objects while it flows. */
export class TranslatePump<Out> implements Pump<Out>, SequenceReader, EventTaker {
  readonly padding: string | undefined;
  readonly numbers: string | undefined;
  private readonly options: TranslateOptions<Out>;
  private readonly side: ProviderSide;
  private readonly observer: Observer;
  private readonly render: TranslateOptions<Out>['render'];
  private readonly framing: StreamFraming;
  private readonly sequencer: Sequencer;
  private readonly decoder: StreamDecoder;
  /** Events in sequence that are not yet rendered. */
  private events: StreamEvent[] = [];
  /** Length of the answer so far. */
  private length = 0;
  private hasTaken = false;
  private keptAlive = false;
  private failed = false;

  constructor(options: TranslateOptions<Out>) {
    this.options = options;
    this.side = options.side;
    this.observer = options.observer;
    this.render = options.render;
    this.framing = options.createFraming(options.maxEvent);
    this.sequencer = new Sequencer(this, options.earlierCalls);
    this.decoder = options.side.createStreamDecoder(this.sequencer, options.quirks);
    this.padding = this.decoder.padding;
    this.numbers = this.decoder.numbers;
  }

  ended(): boolean {
    return this.sequencer.ended();
  }

  gaveUp(): boolean {
    return this.failed;
  }

  tookEvent(): boolean {
    const took = this.hasTaken;
    this.hasTaken = false;
    return took;
  }

  hasKeepAlives(): boolean {
    return this.keptAlive;
  }

  push(chunk: Uint8Array): Out | undefined {
    if (this.sequencer.ended()) return undefined;
    const { provider, maxEvent } = this.options;
    const tooMuch = keptTooMuch(provider, maxEvent, this.observer.seen);
    if (tooMuch !== undefined) return this.fail(tooMuch);
    try {
      this.framing.push(chunk, this);
    } catch (thrown) {
      return this.fail(framingError(provider, thrown));
    }
    return this.more();
  }

  more(): Out | undefined {
    if (this.length < LONG_ANSWER) return this.renderAll();
    const { events } = this;
    let out: Out | undefined;
    while (out === undefined && events.length > 0) {
      const ending = events.findIndex(isBlockEnd);
      out = this.render(events.splice(0, ending === -1 ? events.length : ending + 1));
    }
    return out;
  }

  end(): Out | undefined {
    const { provider } = this.options;
    const { seen } = this.observer;
    const unread = seen.malformedEvents + (this.decoder.strangers ?? 0);
    try {
      if (!this.sequencer.ended()) this.framing.flush(this);
    } catch (thrown) {
      return this.fail(framingError(provider, thrown));
    }
    if (!this.complete()) this.sequencer.push({ type: 'error', error: truncated(provider, seen, unread) });
    return this.more();
  }

  fail(error: GatewayError): Out | undefined {
    this.failed = true;
    // An answer that lacks only a formality is complete, but not if the client left before its end.
    if (isClientLeft(error)) this.settle();
    else this.complete();
    if (!this.ended()) this.sequencer.push({ type: 'error', error });
    return this.renderAll();
  }

  settle(): void {
    this.framing.settle?.(this);
  }

  /** Nothing more arrives. Returns whether the answer is complete, if only for lack of the dialect's last formality. */
  private complete(): boolean {
    this.settle();
    this.decoder.end();
    return this.sequencer.ended();
  }

  // Called by the framing.

  take(event: SseEvent): string | undefined {
    if (this.side.classify(event) === 'ping') {
      this.keptAlive = true;
      return undefined;
    }
    this.hasTaken = true;
    const before = this.events.length;
    try {
      this.decoder.decode(event);
      if (this.sequencer.ended()) this.noteError(event);
      return this.decoder.repeat === undefined ? undefined : repeatableText(this.events, before);
    } catch (thrown) {
      if (!(thrown instanceof MalformedEvent)) throw thrown;
      this.sequencer.noteSkipped();
      this.observer.noteMalformed();
      this.options.onMalformed(thrown);
      return undefined;
    }
  }

  comment(): void {
    this.keptAlive = true;
  }

  repeat(text: string): boolean {
    if (this.decoder.repeat?.(text) !== true) return false;
    this.hasTaken = true;
    return true;
  }

  count(numbers: string): void {
    this.decoder.count?.(numbers);
  }

  // Called by the sequencer.

  kept(units: number): void {
    this.observer.seen.keptUnits += units;
  }

  see(raw: StreamEvent): void {
    const event: StreamEvent =
      raw.type === 'error' ? { type: 'error', error: redactError(raw.error, this.options.redact) } : raw;
    this.observer.see(event);
    this.length += lengthOf(event);
    this.events.push(event);
  }

  handedOver(start: StreamEvent): void {
    this.observer.note(start);
  }

  /** Notes the data of the event that reported an error. */
  private noteError(event: SseEvent): void {
    const { seen } = this.observer;
    noteErrorData(seen, event);
    const error = hintedError(seen, event.data, this.options.now);
    if (error === null) return;
    seen.error = error;
    if (this.events.at(-1)?.type === 'error') this.events.splice(-1, 1, { type: 'error', error });
  }

  private renderAll(): Out | undefined {
    if (this.events.length === 0) return undefined;
    const taken = this.events;
    this.events = [];
    return this.render(taken);
  }
}

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

/**
 * Renders events as the client's wire text, with one write for all events of one upstream chunk.
 * @param create called for the first event: where none arrives, the request may not even parse as neutral.
 */
export function createByteRenderer(
  create: () => StreamEncoder,
): (events: readonly StreamEvent[]) => Uint8Array | undefined {
  let encoder: StreamEncoder | undefined;
  return (events) => {
    encoder ??= create();
    let text = '';
    for (const event of events) text += encoder.encode(event);
    return text === '' ? undefined : textEncoder.encode(text);
  };
}
