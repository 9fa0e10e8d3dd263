// Same dialect on both sides: the provider's bytes pass untouched, whole events at a time, while a tap reads
// a copy for the ledger. A failing tap never touches the bytes (GUARANTEES 6).
import {
  MalformedEvent,
  type ProviderSide,
  type StreamDecoder,
  type StreamEncoder,
} from '../../dialects/dialect.ts';
import type { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import { joinBytes } from '../../model/join-bytes.ts';
import type { SseEvent } from '../../sse/event.ts';
import { FrameForm, type RepeatReader } from '../../sse/frame-form.ts';
import { FRAME_FORMATS, type FrameFormat } from '../../sse/frame-format.ts';
import type { CompletedFrames, FrameSplitter } from '../../sse/frame-splitter.ts';
import { isComment } from '../../sse/parse-frame.ts';
import { hintedError } from './retry-hint.ts';
import { noteErrorData, type Observation, type Observer } from '../record/observer.ts';
import { type Follower, framingError, keptTooMuch, type Pump, truncated } from './pump.ts';
import type { Reading } from './reading.ts';
import { redactError } from '../../model/redact/redact-error.ts';
import { repeatableText } from './repeatable-text.ts';

export interface PassthroughOptions extends Reading {
  /** Recognizes events that the client did not ask for. */
  hides: ((event: SseEvent) => boolean) | undefined;
  /** How many alternatives the client asked for. */
  alternatives: number;
  /** Creates an encoder of the client's dialect, for the error event that may have to end the stream. */
  createEncoder(): StreamEncoder;
  /** The client overlooks errors in the provider's form: they are written by the encoder. */
  retellsErrors?: boolean;
  /** The client learns of an error only by the event that repeats it. Where the provider ends without that event, it is added. */
  needsRepeat?: boolean;
  follower?: Follower | undefined;
}

const textEncoder = new TextEncoder();

/** Matches a frame that holds a well-formed event. */
const HAS_DATA = /^data:/m;

/** A class, since each stream holds one, and as closures it would be fifteen objects. */
export class PassthroughPump implements Pump<Uint8Array>, RepeatReader {
  readonly padding: string | undefined;
  readonly numbers: string | undefined;
  private readonly options: PassthroughOptions;
  private readonly side: ProviderSide;
  private readonly observer: Observer;
  private readonly seen: Observation;
  private readonly follower: Follower | undefined;
  private readonly format: FrameFormat;
  private readonly splitter: FrameSplitter;
  private readonly decoder: StreamDecoder;
  /** Null where the dialect can tell without parsing which frames only add content. */
  private readonly form: FrameForm | null;
  /** The events decoded from the frame that the form is about to learn. */
  private decoded: StreamEvent[] | null = null;
  private terminal = false;
  /** The newest event that the client got, among those that were parsed. */
  private last: SseEvent | undefined = undefined;
  /** A frame of the same form followed it. */
  private hasRepeated = false;
  private took = false;
  private keptAlive = false;
  private failed = false;
  /** The failure was kept from the client. */
  private kept = false;

  constructor(options: PassthroughOptions) {
    this.options = options;
    this.side = options.side;
    this.observer = options.observer;
    this.seen = options.observer.seen;
    this.follower = options.follower;
    this.format = FRAME_FORMATS[options.side.framing ?? 'sse'];
    this.splitter = this.format.createSplitter(options.maxEvent);
    this.decoder = options.side.createStreamDecoder(
      {
        push: (event) => this.see(event),
        kept: (units) => {
          this.seen.keptUnits += units;
        },
      },
      options.quirks,
      options.alternatives,
    );
    this.padding = this.decoder.padding;
    this.numbers = this.decoder.numbers;
    const isRead = options.side.addsContentOnly === undefined && options.follower === undefined;
    this.form = isRead && this.decoder.repeat !== undefined ? new FrameForm() : null;
  }

  ended(): boolean {
    const { finish, error } = this.seen;
    return finish !== null || error !== null;
  }

  gaveUp(): boolean {
    return this.failed;
  }

  broke(): boolean {
    return this.kept;
  }

  tookEvent(): boolean {
    const { took } = this;
    this.took = false;
    return took;
  }

  hasKeepAlives(): boolean {
    return this.keptAlive;
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    if (this.failed) return undefined;
    const { side, observer, seen, follower } = this;
    const tooMuch = keptTooMuch(this.options.provider, this.options.maxEvent, seen);
    if (tooMuch !== undefined && !this.ended()) return this.fail(tooMuch);
    const completed = this.splitter.push(chunk);
    // Frames that the client gets changed, by where they begin: null if left out, otherwise without the keys that they quote.
    let changed: Map<number, Uint8Array | null> | undefined;
    const { bytes } = completed;
    let next = 0;
    for (const end of completed.ends) {
      const start = next;
      next = end;
      if (!this.terminal && this.form?.repeat(bytes, start, end, this) === true) continue;
      if (
        !this.terminal &&
        seen.firstContentAt !== null &&
        !observer.wantsText() &&
        follower === undefined &&
        side.addsContentOnly?.(bytes, start, end) === true
      ) {
        this.took = true;
        seen.timing.content();
        continue;
      }
      const frame = bytes.subarray(start, end);
      const event = this.format.parse(frame);
      if (event === undefined) {
        this.keptAlive ||= isComment(frame);
        continue;
      }
      const failedBefore = this.reportedFailure() !== null;
      const shown = this.tap(event, frame);
      if (shown && this.reportedFailure() === null) continue;
      changed ??= new Map();
      changed.set(start, shown ? this.shownError(frame, failedBefore ? undefined : event) : null);
    }
    const shown = changed === undefined ? bytes : withChanges(completed, changed);
    if (completed.tooLarge === undefined) return shown.length === 0 ? undefined : shown;
    const error = this.fail(framingError(this.options.provider, completed.tooLarge));
    return error === undefined ? shown : joinBytes([shown, error]);
  }

  end(): Uint8Array | undefined {
    if (this.failed) return undefined;
    const { seen } = this;
    const unread = seen.malformedEvents;
    const strangers = this.decoder.strangers ?? 0;
    let rest: Uint8Array | undefined = this.splitter.flush();
    const event = this.format.parse(rest);
    if (event !== undefined) {
      const failedBefore = this.reportedFailure() !== null;
      const shown = this.tap(event, null);
      // Half an event is not forwarded: the error that follows must stand on a line of its own.
      if (!shown || (seen.malformedEvents > unread && !this.ended())) rest = undefined;
      else if (this.reportedFailure() !== null)
        rest = this.shownError(rest, failedBefore ? undefined : event);
    }
    if (rest?.length === 0) rest = undefined;
    const error = this.breakOff(() => truncated(this.options.provider, seen, unread + strangers));
    if (error === undefined && !this.kept) return rest;
    // The frame has no data, perhaps only an event's name. A blank line after it would make some clients read it as an event.
    if (rest === undefined || (event?.data ?? '') === '') return error;
    return joinBytes([rest, textEncoder.encode(this.format.end), error ?? new Uint8Array()]);
  }

  fail(error: GatewayError): Uint8Array | undefined {
    return this.breakOff(() => error);
  }

  /**
   * Nothing more arrives. An answer that lacks only the dialect's last formality is complete; otherwise the client gets this error, or the
   * one that becomes apparent only because nothing follows.
   * @param failure makes the error: its stack would take a hundredth of a complete stream's CPU.
   */
  private breakOff(failure: () => GatewayError): Uint8Array | undefined {
    const wasEnded = this.ended();
    this.failed = true;
    this.settle();
    if (!this.ended()) return this.reportError(failure());
    const reported = this.reportedFailure();
    if (wasEnded && reported !== null && this.awaitsRepeat()) return this.errorEvent(reported);
    const late = wasEnded ? null : reported;
    return late === null ? undefined : this.reportError(late);
  }

  private awaitsRepeat(): boolean {
    return this.options.needsRepeat === true && this.side.repeatsError !== undefined && !this.terminal;
  }

  /** The error that the provider reported. A call that only the gateway finds malformed passes unreported. */
  private reportedFailure(): GatewayError | null {
    const { error } = this.seen;
    return error?.code === 'upstream_malformed' ? null : error;
  }

  /** Ends the stream with this error, unless the follower keeps it from the client. */
  private reportError(error: GatewayError): Uint8Array | undefined {
    const { follower } = this;
    this.observer.see({ type: 'error', error });
    if (follower?.keeps(error) === true) {
      this.kept = true;
      return undefined;
    }
    return this.errorEvent(error);
  }

  private errorEvent(error: GatewayError): Uint8Array {
    const encoder = this.options.createEncoder();
    this.noteLast();
    if (this.last !== undefined) encoder.follow?.(this.last);
    const text = encoder.encode({ type: 'error', error });
    // Some clients look for a full `\r\n\r\n`; without the `\n` they would take the error for a part of the previous event.
    return textEncoder.encode(this.splitter.awaitsLf() ? `\n${text}` : text);
  }

  /** Receives the events of the tap's decoder. */
  private see(event: StreamEvent): void {
    const { observer, follower } = this;
    if (event.type === 'error') {
      observer.see({ type: 'error', error: redactError(event.error, this.options.redact) });
      return;
    }
    follower?.see(event);
    observer.see(event);
    this.decoded?.push(event);
  }

  /** What has passed has reached the client, so the decoder may report it: even an ending that only lacks its counts. */
  settle(): void {
    this.noteNumbers();
    this.decoder.end();
  }

  private noteNumbers(): void {
    const numbers = this.form?.takeNumbers();
    if (numbers !== undefined) this.decoder.count?.(numbers);
  }

  // Called by the form.

  repeat(text: string): boolean {
    if (this.decoder.repeat?.(text) !== true) return false;
    this.took = true;
    this.hasRepeated = true;
    return true;
  }

  /** Parses the newest repeated frame, before another one replaces it. */
  private noteLast(): void {
    if (!this.hasRepeated || this.form === null) return;
    this.hasRepeated = false;
    this.last = this.format.parse(this.form.latest());
  }

  /**
   * Reads a copy of the frame. Returns false where it must not reach the client.
   * @param frame of the event; null for the last, which no other can repeat.
   */
  private tap(event: SseEvent, frame: Uint8Array | null): boolean {
    const { follower, side } = this;
    const kind = side.classify(event);
    if (kind === 'ping') this.keptAlive = true;
    else this.took = true;
    // Exactly one terminal event, whatever the provider sends after it (GUARANTEES 14).
    if (this.reportedFailure() !== null) {
      if (this.terminal || side.repeatsError?.(event) !== true) return false;
    } else if (this.terminal) return kind === 'ping';
    const isReadable = this.read(event, frame, kind === 'ping');
    const { finish } = this.seen;
    if (this.seen.error !== null) {
      noteErrorData(this.seen, event);
      this.seen.error = hintedError(this.seen, event.data, this.options.now) ?? this.seen.error;
    }
    const { error } = this.seen;
    this.terminal =
      kind === 'terminal' ||
      // Some terminal events only the decoder knows by name.
      finish !== null ||
      (side.repeatsError === undefined && this.reportedFailure() !== null);
    if (error !== null && follower?.keeps(error) === true) {
      this.terminal = true;
      this.failed = true;
      this.kept = true;
      return false;
    }
    if (this.options.hides?.(event) === true) return false;
    // An event that cannot be read has no number from which an error event could count on,
    if (!isReadable) return true;
    // and one that is replaced by the encoder's error does not reach the client.
    if (this.reportedFailure() === null || this.awaitsRepeat()) this.last = event;
    follower?.passed(event);
    return true;
  }

  /** Returns false where the event cannot be read. */
  private read(event: SseEvent, frame: Uint8Array | null, isPing: boolean): boolean {
    const { form } = this;
    this.noteNumbers();
    this.noteLast();
    if (form === null || frame === null) return isPing || this.decode(event);
    const decoded: StreamEvent[] = [];
    this.decoded = decoded;
    const isReadable = isPing || this.decode(event);
    this.decoded = null;
    const text = isReadable ? repeatableText(decoded, 0) : undefined;
    if (text === undefined) form.forget();
    else form.learn(frame, text, this);
    return isReadable;
  }

  private decode(event: SseEvent): boolean {
    try {
      this.decoder.decode(event);
      return true;
    } catch (thrown) {
      if (thrown instanceof MalformedEvent) this.observer.noteMalformed();
      else this.options.onMalformed(thrown);
      return false;
    }
  }

  /**
   * An error event without the keys that it quotes; byte for byte the same where it quotes none. If no client would see it in this form, it
   * is written by the encoder, and nothing may follow.
   * @param reportedBy the event that reported the error; undefined where the frame repeats it.
   */
  private shownError(frame: Uint8Array, reportedBy: SseEvent | undefined): Uint8Array {
    const text = new TextDecoder().decode(frame);
    const error = this.reportedFailure();
    const isSeen =
      reportedBy === undefined ||
      (this.options.retellsErrors !== true &&
        this.side.showsError?.(reportedBy, !HAS_DATA.test(text)) !== false);
    if (error !== null && !isSeen) {
      this.terminal = true;
      return this.errorEvent(error);
    }
    const clean = this.options.redact(text);
    return clean === text ? frame : textEncoder.encode(clean);
  }
}

function withChanges(
  { bytes, ends }: CompletedFrames,
  changed: ReadonlyMap<number, Uint8Array | null>,
): Uint8Array {
  let next = 0;
  const shown = ends.flatMap((end) => {
    const start = next;
    next = end;
    const instead = changed.get(start);
    return instead === null ? [] : [instead ?? bytes.subarray(start, end)];
  });
  return joinBytes(shown);
}
