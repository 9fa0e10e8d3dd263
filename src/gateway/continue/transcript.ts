// Remembers what a client has of a streamed answer, as far as another target needs that to continue (docs/adr/0009).
import type { MessageStart } from '../../model/content.ts';
import { ENTRY_SIZE, type StreamEvent, TEXT_EVENTS } from '../../model/events.ts';
import { createKeptText, type KeptText } from '../../model/kept-text.ts';
import { textStart } from '../../model/replay.ts';
import type { Usage } from '../../model/usage.ts';
import { createRepeatReader } from '../pumps/prefix.ts';

export interface Transcript {
  /** Notes an event as the client gets it, in sequence order. */
  note(event: StreamEvent): void;
  /** Why no other target can continue; undefined where one can. */
  obstacle(): string | undefined;
  /** All text of the answer, without the client's own turn if the provider repeated that. */
  text(): string;
  /** The block that is open: its number and kind. */
  open(): OpenBlock | undefined;
  /** The number of the next block. */
  nextBlock(): number;
  /** The events that bring a fresh encoder to the state that the client is in. */
  replay(): StreamEvent[];
}

interface OpenBlock {
  block: number;
  kind: 'text' | 'reasoning';
}

interface TextBlock extends OpenBlock {
  kept: KeptText;
  message: MessageStart | undefined;
  closed: boolean;
}

/** In UTF-16 units, roughly: more than the context window of any model, so that no other target could read it. */
const MOST_KEPT = 4_000_000;

/**
 * @param isSpoiled whether an event was left out, so that what follows does not join what came before.
 * @param turn the client's own turn, which the answer may repeat at its beginning.
 */
export function createTranscript(isSpoiled: () => boolean, turn?: string): Transcript {
  let start: StreamEvent = { type: 'start', id: null, model: null };
  let usage: Partial<Usage> = {};
  const blocks: TextBlock[] = [];
  let obstacle: string | undefined;
  let next = 0;
  let size = 0;

  /** False if the answer becomes too long to be kept. */
  function makeRoom(units: number): boolean {
    size += units;
    if (size <= MOST_KEPT) return true;
    obstacle ??= 'it is too long';
    blocks.length = 0;
    return false;
  }

  function begin(kind: TextBlock['kind'], block: number, message?: MessageStart): void {
    if (makeRoom(ENTRY_SIZE)) blocks.push({ kind, block, kept: createKeptText(), message, closed: false });
  }

  function add(kind: TextBlock['kind'], text: string): void {
    const last = blocks.at(-1);
    if (makeRoom(text.length) && last?.kind === kind) last.kept.add(text);
    if (kind === 'text' && text !== '' && isSpoiled()) obstacle ??= 'an event within it cannot be read';
  }

  function close(): void {
    const last = blocks.at(-1);
    if (last !== undefined) last.closed = true;
  }

  function allText(): string {
    return blocks.reduce((text, each) => (each.kind === 'text' ? text + each.kept.text() : text), '');
  }

  /** The text after the client's own turn; undefined while that is being repeated. */
  function ownText(): string | undefined {
    const text = allText();
    if (turn === undefined) return text;
    const reader = createRepeatReader(turn);
    const fresh = reader.read(text);
    if (fresh === undefined) return text;
    return reader.complete() ? fresh : undefined;
  }

  return {
    note(event) {
      if ('block' in event) next = Math.max(next, event.block + 1);
      switch (event.type) {
        case 'start':
          start = event;
          return;
        case 'usage':
          usage = { ...usage, ...event.usage };
          return;
        case 'text-start':
          return begin('text', event.block, event.message);
        case 'text-delta':
          // Log probabilities of the next target would not join these.
          if (event.logprobs !== undefined) obstacle ??= 'it contains more than text (logprobs)';
          return add('text', event.text);
        case 'reasoning-start':
          if (event.redacted !== undefined)
            obstacle ??= 'it contains thinking that only its provider can read';
          return begin('reasoning', event.block);
        case 'reasoning-delta':
          return add('reasoning', event.text);
        case 'reasoning-signature':
          obstacle ??= 'it contains thinking that its provider has signed';
          return;
        case 'text-end':
        case 'reasoning-end':
          return close();
        case 'finish':
        case 'error':
          obstacle ??= 'it has ended';
          return;
        case 'tool-start':
        case 'tool-delta':
        case 'tool-end':
          obstacle ??= 'it calls a tool';
          return;
        case 'refusal-start':
        case 'refusal-delta':
        case 'refusal-end':
          obstacle ??= 'it is a refusal';
          return;
        case 'citation':
          obstacle ??= 'it cites sources';
          return;
        case 'server-tool-result':
        case 'media':
        case 'extension':
          obstacle ??= `it contains more than text (${event.type === 'extension' ? event.name : event.type})`;
      }
    },
    obstacle() {
      const last = blocks.at(-1);
      // A signature may have been about to follow.
      if (last?.kind === 'reasoning' && !last.closed) return 'it breaks off within its thinking';
      if (ownText() === undefined) return 'it breaks off within the turn that it repeats';
      return obstacle;
    },
    text: () => ownText() ?? allText(),
    open() {
      const last = blocks.at(-1);
      return last === undefined || last.closed ? undefined : last;
    },
    nextBlock: () => next,
    replay() {
      const events: StreamEvent[] = [start];
      if (Object.keys(usage).length > 0) events.push({ type: 'usage', usage });
      for (const { kind, block, kept, message, closed } of blocks) {
        const text = kept.text();
        events.push(kind === 'text' ? textStart(block, message) : { type: 'reasoning-start', block });
        if (text !== '') events.push({ type: TEXT_EVENTS[kind].delta, block, text });
        if (closed) events.push({ type: TEXT_EVENTS[kind].end, block });
      }
      return events;
    },
  };
}
