// The decoder's output items: each is told once, from its deltas where they came, else from what repeats them
// (`.done` events, the item when it is done, the terminal's output), which some servers send alone.
import type { StreamEvent } from '../../model/events.ts';
import { asString, type JsonObject, type JsonValue } from '../../model/json.ts';
import { objectsIn } from '../answer-list.ts';
import { type CallState, createCallState } from './decode-call.ts';
import { createMessageState, type MessageState } from './decode-message.ts';
import { createReasoningState, type ReasoningState } from './decode-reasoning.ts';
import { parseHostedItem } from './hosted-item.ts';
import { tellUnworded } from './unworded.ts';
import { ID } from './wire.ts';

export interface Blocks {
  emit(event: StreamEvent): void;
  /** A fresh block number. */
  next(): number;
}

export type ItemState = MessageState | ReasoningState | CallState | HostedState;
type Kind = ItemState['kind'];

/** An item that is told when it is whole. */
interface HostedState {
  kind: 'hosted';
  type: string;
  ended: boolean;
  done(item: JsonObject): void;
  end(): void;
}

export interface ItemDecoder {
  added(index: number, item: JsonObject): void;
  /** The item at `index`, made up where its beginning never came. */
  at<K extends 'message' | 'reasoning' | 'call'>(index: number, kind: K): Extract<ItemState, { kind: K }>;
  /** Where an item's id was last seen. */
  indexOf(itemId: string): number | undefined;
  /** Where an item is that says no place: where one with its id is, or behind all. @param last the place named last. */
  placeOf(item: JsonObject, last: number, what: 'added' | 'done'): number;
  done(index: number, item: JsonObject): void;
  /** The terminal's output: tells what was not told, and ends what is open. Throws MalformedEvent where an item is none. */
  finish(output: JsonValue | undefined): void;
  /** Calls that the client has to answer. */
  calls(): readonly CallState[];
}

export function createItemDecoder(emit: (event: StreamEvent) => void): ItemDecoder {
  let nextBlock = 0;
  const blocks: Blocks = { emit, next: () => nextBlock++ };
  const states = new Map<number, ItemState>();
  const ids = new Map<string, number>();
  /** For items that only the terminal tells: no server gets that far. */
  let spareIndex = 1_000_000;

  function create(kind: Kind, type: string, index: number): ItemState {
    switch (kind) {
      case 'message':
        return createMessageState(blocks);
      case 'reasoning':
        return createReasoningState(blocks);
      case 'call':
        return createCallState(blocks, type === 'custom_tool_call' ? 'custom' : 'function', index);
      case 'hosted':
        return createHostedState(blocks, type);
    }
  }

  function open(index: number, item: JsonObject): ItemState {
    const type = asString(item.type) ?? 'message';
    const known = states.get(index);
    const kind = kindOf(type);
    if (known?.kind === kind) return known;
    return add(index, create(kind, type, index));
  }

  function add(index: number, state: ItemState): ItemState {
    for (const known of states.values()) if (known.kind === 'reasoning') known.interrupt();
    states.set(index, state);
    return state;
  }

  /** The item is whole. */
  function settle(state: ItemState, item: JsonObject): void {
    if (state.ended) return;
    state.done(item);
    tellUnworded(item, (name, value) => emit({ type: 'extension', dialect: ID, name, value }));
  }

  function note(index: number, item: JsonObject): void {
    const id = asString(item.id);
    if (id) ids.set(id, index);
  }

  return {
    added(index, item) {
      note(index, item);
      const state = open(index, item);
      if (state.kind === 'call' || state.kind === 'reasoning') state.begin(item);
    },
    at<K extends 'message' | 'reasoning' | 'call'>(index: number, kind: K) {
      let state = states.get(index);
      if (state?.kind !== kind) {
        state = add(index, create(kind, kind === 'call' ? 'function_call' : kind, index));
      }
      return state as Extract<ItemState, { kind: K }>;
    },
    indexOf: (itemId) => ids.get(itemId),
    placeOf(item, last, what) {
      const known = ids.get(asString(item.id) ?? '');
      if (known !== undefined) return known;
      const state = states.get(last);
      const isIts = state?.ended === false && state.kind === kindOf(asString(item.type) ?? 'message');
      return what === 'done' && isIts ? last : states.size;
    },
    done(index, item) {
      note(index, item);
      settle(open(index, item), item);
    },
    finish(output) {
      // Neither places nor ids are the same on all servers; the order within a type is.
      const told = [...states.values()];
      const seen = new Map<string, number>();
      for (const item of objectsIn(output, 'response.output')) {
        const type = asString(item.type) ?? 'message';
        const nth = seen.get(type) ?? 0;
        seen.set(type, nth + 1);
        const state = told.filter((each) => each.type === type)[nth] ?? open(spareIndex++, item);
        settle(state, item);
      }
      for (const state of states.values()) if (!state.ended) state.end();
    },
    calls: () => [...states.values()].filter((state) => state.kind === 'call'),
  };
}

function kindOf(type: string): Kind {
  switch (type) {
    case 'message':
    case 'reasoning':
      return type;
    case 'function_call':
    case 'custom_tool_call':
      return 'call';
    default:
      return 'hosted';
  }
}

function createHostedState({ emit, next }: Blocks, type: string): HostedState {
  return {
    kind: 'hosted',
    type,
    ended: false,
    end() {
      this.ended = true;
    },
    done(item) {
      this.ended = true;
      const part = parseHostedItem(type, item);
      if (part.type === 'opaque') {
        // As a whole answer's opaque part is told, see model/replay.ts.
        emit({ type: 'extension', dialect: part.dialect, name: part.name, value: { value: part.value } });
        return;
      }
      const block = next();
      if (part.type === 'image') {
        if (part.source.kind !== 'base64') return;
        const { mediaType, data } = part.source;
        emit({
          type: 'media',
          block,
          mediaType,
          data,
          ...(part.extension && { extension: part.extension }),
        });
        return;
      }
      const { id, name, extension } = part;
      emit({ type: 'tool-start', block, id, name, kind: 'server', ...(extension && { extension }) });
      emit({ type: 'tool-delta', block, arguments: part.arguments });
      emit({ type: 'tool-end', block });
    },
  };
}
