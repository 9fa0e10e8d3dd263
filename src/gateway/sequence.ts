// Puts a decoder's events into the order that every encoder relies on (GUARANTEES 7, 14): `start` first,
// one open block at a time, fresh rising block numbers, every start with its end, one terminal, then silence.
import { GatewayError } from '../model/errors.ts';
import type { StreamEvent } from '../model/events.ts';
import { createJsonScanner, type JsonScanner } from '../model/json-scanner.ts';
import { brokenArguments, mayBeCutShort, namelessCall } from './sound-calls.ts';

export interface Sequencer {
  push(event: StreamEvent): void;
  /** A malformed event was skipped: from now on a tool call left incomplete is an error, not an answer. */
  noteSkipped(): void;
  ended(): boolean;
}

type BlockEvent = Extract<StreamEvent, { block: number }>;
type Kind = 'text' | 'refusal' | 'reasoning' | 'tool' | 'single';

interface OpenBlock {
  /** The decoder's number. */
  source: number;
  /** Ours. */
  block: number;
  kind: Kind;
  /** Of a tool call's arguments so far. */
  json?: JsonScanner;
  /** Of a function that the client is to call. */
  called?: string;
}

export function createSequencer(emit: (event: StreamEvent) => void): Sequencer {
  let started = false;
  let ended = false;
  let skipped = false;
  let brokenCall: string | undefined;
  let orphaned = false;
  let nextBlock = 0;
  let open: OpenBlock | undefined;
  // Blocks that began while an unfinished tool call was open, in order of their first event.
  const waiting = new Map<number, BlockEvent[]>();

  function close(): void {
    if (open === undefined) return;
    const { block, kind, json, called } = open;
    open = undefined;
    if (called !== undefined && json?.empty() === false && !(json.complete() && json.isObject()))
      brokenCall ??= called;
    if (kind === 'text') emit({ type: 'text-end', block });
    else if (kind === 'refusal') emit({ type: 'refusal-end', block });
    else if (kind === 'reasoning') emit({ type: 'reasoning-end', block });
    else if (kind === 'tool') emit({ type: 'tool-end', block });
  }

  function openFor(event: BlockEvent): OpenBlock {
    const block = nextBlock++;
    const kind = kindOf(event);
    const opened: OpenBlock = { source: event.block, block, kind };
    if (event.type === 'tool-start' && event.kind !== 'custom') {
      opened.json = createJsonScanner();
      if (event.kind === 'function') opened.called = event.name;
    }
    open = opened;
    // A delta without its start (a block resumed after another cut in) gets a start of its own.
    if (!event.type.endsWith('-start')) {
      if (kind === 'text') emit({ type: 'text-start', block });
      else if (kind === 'refusal') emit({ type: 'refusal-start', block });
      else if (kind === 'reasoning') emit({ type: 'reasoning-start', block });
    }
    return opened;
  }

  function pushBlock(event: BlockEvent): void {
    const isEnd = event.type.endsWith('-end');
    if (open !== undefined && open.source === event.block && open.kind === kindOf(event)) {
      if (isEnd) {
        close();
        release();
        return;
      }
      deliver(event, open);
      // What waited for this call goes on as soon as its arguments are whole.
      if (waiting.size > 0 && mayClose(open)) {
        close();
        release();
      }
      return;
    }
    const queue = waiting.get(event.block);
    if (queue !== undefined) {
      queue.push(event);
      return;
    }
    if (isEnd) return;
    // Fragments of a call that is closed, or never began, have nowhere to go.
    if (event.type === 'tool-delta') {
      if (event.arguments.trim() !== '') orphaned = true;
      return;
    }
    if (open !== undefined && !mayClose(open)) {
      waiting.set(event.block, [event]);
      return;
    }
    close();
    const opened = openFor(event);
    deliver(event, opened);
  }

  function mayClose(block: OpenBlock): boolean {
    return block.kind !== 'tool' || block.json?.complete() === true;
  }

  function deliver(event: BlockEvent, block: OpenBlock): void {
    if (event.type === 'tool-delta') block.json?.push(event.arguments);
    emit(event.block === block.block ? event : { ...event, block: block.block });
    if (block.kind === 'single') open = undefined;
  }

  function release(): void {
    for (const [source, events] of waiting) {
      if (open !== undefined) return;
      waiting.delete(source);
      for (const event of events) pushBlock(event);
      if (open !== undefined && !mayClose(open)) return;
    }
  }

  function finishBlocks(): void {
    close();
    while (waiting.size > 0) {
      release();
      close();
    }
  }

  function soundEnding(finish: Extract<StreamEvent, { type: 'finish' }>): StreamEvent {
    if (orphaned || (skipped && brokenCall !== undefined)) {
      const problem =
        "the provider sent an unreadable event that left a tool call's arguments broken; ask again";
      return { type: 'error', error: new GatewayError('upstream_malformed', problem) };
    }
    if (brokenCall === undefined || mayBeCutShort(finish.finish)) return finish;
    return { type: 'error', error: brokenArguments(brokenCall) };
  }

  return {
    ended: () => ended,
    noteSkipped() {
      skipped = true;
    },
    push(event) {
      if (ended) return;
      if (!started) {
        if (event.type === 'error') {
          ended = true;
          emit(event);
          return;
        }
        started = true;
        if (event.type !== 'start') emit({ type: 'start', id: null, model: null });
      } else if (event.type === 'start') return;
      switch (event.type) {
        case 'start':
        case 'usage':
        case 'extension':
          emit(event);
          return;
        case 'error':
          ended = true;
          emit(event);
          return;
        case 'finish':
          finishBlocks();
          ended = true;
          emit(soundEnding(event));
          return;
        default:
          if (event.type === 'tool-start' && event.name === '' && event.kind !== 'server') {
            ended = true;
            emit({ type: 'error', error: namelessCall() });
          } else pushBlock(event);
      }
    },
  };
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
