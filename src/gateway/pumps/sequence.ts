// Puts a decoder's events into the order that every encoder relies on (GUARANTEES 7, 14): `start` first,
// one open block at a time, fresh rising block numbers, every start with its end, one terminal, then silence.
import { GatewayError } from '../../model/errors.ts';
import { type EventSink, isBlockEnd, ENTRY_SIZE, sizeOf, type StreamEvent } from '../../model/events.ts';
import { mayBeCutShort } from '../../model/finish.ts';
import { JsonScanner } from '../../model/json/scanner.ts';
import {
  brokenArguments,
  MISWRITTEN,
  namelessCall,
  objectArguments,
} from '../../dialects/shared/tools/call-arguments.ts';
import { createTakenIds, distinctId, type EarlierCalls, type TakenIds } from './call-ids.ts';
import { endingWithinCall, endingWithoutCalls } from './validate-calls.ts';

/** The first half of a surrogate pair at the end of a text. */
const FIRST_HALF = /[\ud800-\udbff]$/;
const REPLACEMENT = '\ufffd';

type BlockEvent = Extract<StreamEvent, { block: number }>;
type Kind = 'text' | 'refusal' | 'reasoning' | 'tool' | 'single';

/** Receives the events in order. */
export interface SequenceReader {
  see(event: StreamEvent): void;
  /** As in `EventSink`, from the decoder or the sequencer. */
  kept?(units: number): void;
  /** Called where another model goes on because the first one declined. */
  handedOver?(start: StreamEvent): void;
}

export class Sequencer implements EventSink {
  private readonly reader: SequenceReader;
  private readonly earlierCalls: EarlierCalls | undefined;
  private started = false;
  private isOver = false;
  private skipped = false;
  private brokenCall: string | undefined;
  /** The open call, if no continuation could complete its arguments. */
  private hopelessCall: string | undefined;
  private orphaned = false;
  /** Ids of the calls that the client is to answer, or has answered; null before this answer's first call. */
  private callIds: TakenIds | null = null;
  private hasCalled = false;
  private nextBlock = 0;
  /**
   * Kind of the open block; undefined where none is open. A field of its own, as are the next two, since each event of a stream reads them.
   */
  private open: Kind | undefined;
  /** The decoder's number for the open block. */
  private source = 0;
  /** The sequencer's own number for the open block. */
  private block = 0;
  /** Half of a surrogate pair at the end of the open block's latest piece: some servers cut pieces within a character. */
  private half = '';
  /** Malformed arguments of the open call: what they mean is known only when they are whole. */
  private held = '';
  /** Scans a tool call's arguments so far. */
  private json: JsonScanner | undefined;
  /** The name of the function that the client is to call. */
  private called: string | undefined;
  /** Blocks that began while an unfinished tool call was open, in order of their first event. */
  private waiting: Map<number, BlockEvent[]> | null = null;

  constructor(reader: SequenceReader, earlierCalls?: EarlierCalls) {
    this.reader = reader;
    this.earlierCalls = earlierCalls;
  }

  ended(): boolean {
    return this.isOver;
  }

  /** A malformed event was skipped: from now on a tool call left incomplete is an error, not an answer. */
  noteSkipped(): void {
    this.skipped = true;
  }

  kept(units: number): void {
    this.reader.kept?.(units);
  }

  push(event: StreamEvent): void {
    if (this.isOver) return;
    if (!this.started) {
      if (event.type === 'error') {
        this.endWith(event);
        return;
      }
      this.started = true;
      if (event.type !== 'start') this.reader.see({ type: 'start', id: null, model: null });
    } else if (event.type === 'start') {
      this.reader.handedOver?.(event);
      return;
    }
    switch (event.type) {
      case 'start':
      case 'usage':
      case 'extension':
        this.reader.see(event);
        return;
      case 'error':
        this.endWith(event);
        return;
      case 'finish':
        this.finishBlocks();
        this.endWith(this.soundEnding(event));
        return;
      default:
        if (event.type === 'tool-start' && event.name === '' && event.kind !== 'server')
          this.endWith({ type: 'error', error: namelessCall() });
        else this.pushBlock(event);
    }
  }

  private endWith(event: StreamEvent): void {
    this.isOver = true;
    this.reader.see(event);
  }

  private pushBlock(event: BlockEvent): void {
    const { open } = this;
    const isEnd = isBlockEnd(event);
    if (this.source === event.block && open === kindOf(event)) {
      if (isEnd) {
        this.close();
        this.release();
        return;
      }
      this.deliver(event);
      // What waited for this call proceeds as soon as the call's arguments are complete.
      if (this.hasWaiting() && this.mayClose()) {
        this.close();
        this.release();
      }
      return;
    }
    const queue = this.waiting?.get(event.block);
    if (queue !== undefined) {
      this.kept(ENTRY_SIZE + sizeOf(event));
      queue.push(event);
      return;
    }
    if (isEnd) return;
    // Pieces of a call that is closed, or never began, have nowhere to go.
    if (event.type === 'tool-delta') {
      if (event.arguments.trim() !== '') this.orphaned = true;
      return;
    }
    if (!this.mayClose()) {
      this.waiting ??= new Map();
      this.kept(ENTRY_SIZE + sizeOf(event));
      this.waiting.set(event.block, [event]);
      return;
    }
    this.close();
    this.openFor(event);
    this.deliver(this.withOwnId(event));
  }

  private openFor(event: BlockEvent): void {
    const block = this.nextBlock++;
    const kind = kindOf(event);
    const isChecked = event.type === 'tool-start' && event.kind !== 'custom';
    if (event.type === 'tool-start' && event.kind !== 'server') this.hasCalled = true;
    this.open = kind;
    this.source = event.block;
    this.block = block;
    this.json = isChecked ? new JsonScanner() : undefined;
    this.called = isChecked && event.kind === 'function' ? event.name : undefined;
    // A delta of a block that is not open (it resumes after another block cut in) gets a start of its own.
    if (!event.type.endsWith('-start')) {
      if (kind === 'text') this.reader.see({ type: 'text-start', block });
      else if (kind === 'refusal') this.reader.see({ type: 'refusal-start', block });
      else if (kind === 'reasoning') this.reader.see({ type: 'reasoning-start', block });
    }
  }

  private withOwnId(event: BlockEvent): BlockEvent {
    if (event.type !== 'tool-start' || event.kind === 'server') return event;
    this.callIds ??= createTakenIds(this.earlierCalls);
    this.kept(ENTRY_SIZE + event.id.length);
    const id = distinctId(event.id, this.callIds);
    return id === event.id ? event : { ...event, id };
  }

  private deliver(given: BlockEvent): void {
    const { block } = this;
    const event = this.inWholeCharacters(given);
    if (event.type === 'tool-delta') {
      if (this.held !== '' || this.isMiswritten(event.arguments)) {
        this.hold(event.arguments);
        return;
      }
      this.json?.push(event.arguments);
    }
    this.reader.see(event.block === block ? event : { ...event, block });
    if (this.open === 'single') this.open = undefined;
  }

  private isMiswritten(beginning: string): boolean {
    return this.called !== undefined && this.json?.empty() === true && MISWRITTEN.test(beginning);
  }

  private hold(fragment: string): void {
    const { json } = this;
    this.kept(fragment.length);
    this.held += fragment;
    json?.push(fragment);
    if (json?.complete() !== true) return;
    this.held = objectArguments(this.held);
    this.json = new JsonScanner();
    this.json.push(this.held);
    this.releaseHeld();
  }

  private releaseHeld(): void {
    const { held, block } = this;
    if (held === '') return;
    this.held = '';
    this.reader.see({ type: 'tool-delta', block, arguments: held });
  }

  /** Strict decoders of clients refuse half of a surrogate pair. Half of one that stays alone becomes the replacement character. */
  private inWholeCharacters(event: BlockEvent): BlockEvent {
    switch (event.type) {
      case 'text-delta':
      case 'refusal-delta':
      case 'reasoning-delta': {
        const text = this.withoutHalf(event.text);
        return text === event.text ? event : { ...event, text };
      }
      case 'tool-delta': {
        const pieces = this.withoutHalf(event.arguments);
        return pieces === event.arguments ? event : { ...event, arguments: pieces };
      }
      default:
        return event;
    }
  }

  private withoutHalf(text: string): string {
    if (this.half === '' && text.isWellFormed()) return text;
    const together = this.half + text;
    const end = FIRST_HALF.test(together) ? together.length - 1 : together.length;
    this.half = together.slice(end);
    return together.slice(0, end).toWellFormed();
  }

  /** Called when the other half cannot follow any more. */
  private replaceHalf(): void {
    const { open, block, json } = this;
    if (this.half === '') return;
    this.half = '';
    if (open === 'tool') {
      json?.push(REPLACEMENT);
      this.reader.see({ type: 'tool-delta', block, arguments: REPLACEMENT });
    } else if (open === 'text') this.reader.see({ type: 'text-delta', block, text: REPLACEMENT });
    else if (open === 'refusal') this.reader.see({ type: 'refusal-delta', block, text: REPLACEMENT });
    else if (open === 'reasoning') this.reader.see({ type: 'reasoning-delta', block, text: REPLACEMENT });
  }

  private close(): void {
    this.releaseHeld();
    this.replaceHalf();
    const { open: kind, block, json, called } = this;
    if (kind === undefined) return;
    this.open = undefined;
    this.json = undefined;
    let isWhole = true;
    if (called !== undefined && json?.empty() === false && !(json.complete() && json.isObject())) {
      isWhole = false;
      this.brokenCall ??= called;
      if (json.broken() || !json.isObject()) this.hopelessCall ??= called;
    }
    if (kind === 'text') this.reader.see({ type: 'text-end', block });
    else if (kind === 'refusal') this.reader.see({ type: 'refusal-end', block });
    else if (kind === 'reasoning') this.reader.see({ type: 'reasoning-end', block });
    else if (kind === 'tool')
      this.reader.see(isWhole ? { type: 'tool-end', block } : { type: 'tool-end', block, incomplete: true });
  }

  /**
   * Releases what waited, in its order, until a block is open that must be complete before the next. A text does not hold up what follows
   * it: if more of it arrives, that becomes a new block.
   */
  private release(): void {
    const { waiting } = this;
    if (waiting === null) return;
    for (const [source, events] of waiting) {
      if (!this.mayClose()) return;
      waiting.delete(source);
      for (const event of events) this.pushBlock(event);
    }
  }

  /** Whether the open block, if any, may end before the decoder ends it. */
  private mayClose(): boolean {
    return this.open !== 'tool' || this.json?.complete() === true;
  }

  private hasWaiting(): boolean {
    return this.waiting !== null && this.waiting.size > 0;
  }

  private finishBlocks(): void {
    this.close();
    while (this.hasWaiting()) {
      this.release();
      this.close();
    }
  }

  private soundEnding(finish: Extract<StreamEvent, { type: 'finish' }>): StreamEvent {
    const { brokenCall, hopelessCall } = this;
    const isMissed = !this.hasCalled && finish.finish.unified === 'tool_use';
    if (this.orphaned || (this.skipped && (brokenCall !== undefined || isMissed)))
      return malformed(
        "the provider sent an unreadable event that left a tool call's arguments broken; ask again",
      );
    if (this.skipped && this.nextBlock === 0)
      return malformed('nothing of what the provider sent can be read; ask again');
    if (hopelessCall !== undefined) return { type: 'error', error: brokenArguments(hopelessCall) };
    if (isMissed) return { ...finish, finish: endingWithoutCalls(finish.finish) };
    if (brokenCall === undefined) return finish;
    if (mayBeCutShort(finish.finish)) return { ...finish, finish: endingWithinCall(finish.finish) };
    return { type: 'error', error: brokenArguments(brokenCall) };
  }
}

function malformed(problem: string): StreamEvent {
  return { type: 'error', error: new GatewayError('upstream_malformed', problem) };
}

function kindOf(event: BlockEvent): Kind {
  switch (event.type) {
    case 'text-start':
    case 'text-delta':
    case 'text-end':
    case 'citation':
      return 'text';
    case 'refusal-start':
    case 'refusal-delta':
    case 'refusal-end':
      return 'refusal';
    case 'reasoning-start':
    case 'reasoning-delta':
    case 'reasoning-signature':
    case 'reasoning-end':
      return 'reasoning';
    case 'tool-start':
    case 'tool-delta':
    case 'tool-end':
      return 'tool';
    case 'server-tool-result':
    case 'media':
      return 'single';
  }
}
