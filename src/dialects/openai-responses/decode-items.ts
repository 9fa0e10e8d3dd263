// The decoder's output items. Each is emitted once: from its deltas if they came, else from what repeats them (`.done` events, the finished
// item, the terminal event's output), which is all that some servers send.
import { ENTRY_SIZE, type EventSink, type StreamEvent } from '../../model/events.ts';
import { asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { objectsIn } from '../shared/answer-list.ts';
import { CallState } from './decode-call.ts';
import { MessageState } from './decode-message.ts';
import { ReasoningState } from './decode-reasoning.ts';
import { type HostedPart, parseHostedItem } from './hosted-item.ts';
import { reportUnmapped } from './unmapped-fields.ts';
import { ID } from './wire.ts';

export interface Blocks extends Required<EventSink> {
  /** A new block number. */
  next(): number;
}

type ItemState = MessageState | ReasoningState | CallState | HostedState;
type Kind = ItemState['kind'];

/** Extended by the decoder, so that a delta, which needs both, finds them in one object. */
export class ItemDecoder implements Blocks {
  protected readonly sink: EventSink;
  protected started = false;
  private nextBlock = 0;
  /** By the server's numbers. */
  private items: Map<number, ItemState> | null = null;
  /** The kind of the item that was added last. */
  private newest: Kind | undefined = undefined;
  /** Reasoning items that may not have ended. */
  private thoughts: ReasoningState[] | null = null;
  /** The open item used last, since consecutive deltas mostly belong to the same item. */
  private current: ItemState | undefined = undefined;
  private currentIndex = 0;
  /** An item's id → its place. */
  private ids: Map<string, number> | null = null;
  /** Numbers for items that only the terminal event contains; no server uses ones that high. */
  private spareIndex = 1_000_000;

  constructor(sink: EventSink) {
    this.sink = sink;
  }

  push(event: StreamEvent): void {
    if (!this.started) this.start(undefined);
    this.sink.push(event);
  }

  kept(units: number): void {
    this.sink.kept?.(units);
  }

  next(): number {
    return this.nextBlock++;
  }

  protected start(response: JsonObject | undefined): void {
    if (this.started) return;
    this.started = true;
    const id = asString(response?.id) || null;
    this.sink.push({ type: 'start', id, model: asString(response?.model) || null });
  }

  protected added(index: number, item: JsonObject): void {
    this.noteId(index, item);
    const state = this.open(index, item);
    if (state.kind !== 'hosted') state.begin(item);
  }

  /** The message at `index`, created if its beginning never came; the methods below do the same for other items. */
  protected message(index: number): MessageState {
    const known = this.at(index);
    return known?.kind === 'message' ? known : this.add(index, this.nextMessage());
  }

  protected reasoning(index: number): ReasoningState {
    const known = this.at(index);
    return known?.kind === 'reasoning' ? known : this.add(index, new ReasoningState(this));
  }

  protected call(index: number): CallState {
    const known = this.at(index);
    return known?.kind === 'call' ? known : this.add(index, new CallState(this, 'function_call', index));
  }

  /** Takes a delta like the previous one, whose text was emitted unchanged. */
  protected more(text: string): boolean {
    const { current } = this;
    if (current === undefined || current.kind === 'hosted' || current.ended) return false;
    current.more(text);
    return true;
  }

  protected indexOfId(itemId: JsonValue | undefined): number | undefined {
    return typeof itemId === 'string' ? this.ids?.get(itemId) : undefined;
  }

  /**
   * The place of an item that does not state one: that of the item with its id, else after all others. @param last the place stated last.
   */
  protected placeOf(item: JsonObject, last: number, what: 'added' | 'done'): number {
    const known = this.indexOfId(item.id);
    if (known !== undefined) return known;
    const state = this.at(last);
    const isIts = state?.ended === false && state.kind === kindOf(asString(item.type) ?? 'message');
    return what === 'done' && isIts ? last : (this.items?.size ?? 0);
  }

  protected itemDone(index: number, item: JsonObject): void {
    this.noteId(index, item);
    this.settle(this.open(index, item), item);
  }

  /** Takes the terminal event's output: emits what is missing, and ends what is open. Throws MalformedEvent for anything but an item. */
  protected settleAll(output: JsonValue | undefined): void {
    // Some servers' places and ids are unreliable, but not the order of items of one type.
    const known = Map.groupBy(this.all(), ({ type }) => type);
    const seen = new Map<string, number>();
    for (const item of objectsIn(output, 'response.output')) {
      const type = asString(item.type) ?? 'message';
      const nth = seen.get(type) ?? 0;
      seen.set(type, nth + 1);
      const state = known.get(type)?.[nth] ?? this.open(this.spareIndex++, item);
      this.settle(state, item);
    }
    for (const state of this.all()) if (!state.ended) state.end();
  }

  /** Calls that the client has to answer. */
  protected calls(): CallState[] {
    return this.all().filter((state) => state.kind === 'call');
  }

  private all(): ItemState[] {
    return this.items === null ? [] : [...this.items.values()];
  }

  private at(index: number): ItemState | undefined {
    if (this.current !== undefined && this.currentIndex === index) return this.current;
    const known = this.items?.get(index);
    if (known !== undefined) {
      this.current = known;
      this.currentIndex = index;
    }
    return known;
  }

  private open(index: number, item: JsonObject): ItemState {
    const type = asString(item.type) ?? 'message';
    const known = this.at(index);
    return known?.kind === kindOf(type) ? known : this.add(index, this.create(type, index));
  }

  private create(type: string, index: number): ItemState {
    switch (type) {
      case 'message':
        return this.nextMessage();
      case 'reasoning':
        return new ReasoningState(this);
      case 'function_call':
      case 'custom_tool_call':
        return new CallState(this, type, index);
      default:
        return new HostedState(this, type);
    }
  }

  private nextMessage(): MessageState {
    return new MessageState(this, this.newest === 'message');
  }

  private add<State extends ItemState>(index: number, state: State): State {
    this.items ??= new Map();
    if (this.thoughts !== null) {
      this.thoughts = this.thoughts.filter(({ ended }) => !ended);
      for (const thought of this.thoughts) thought.interrupt();
    }
    this.kept(ENTRY_SIZE);
    this.items.set(index, state);
    this.newest = state.kind;
    if (state instanceof ReasoningState) {
      this.thoughts ??= [];
      this.thoughts.push(state);
    }
    this.current = state;
    this.currentIndex = index;
    return state;
  }

  /** Called with the finished item. */
  private settle(state: ItemState, item: JsonObject): void {
    if (state.ended) return;
    state.done(item);
    reportUnmapped(item, (name, value) => this.push({ type: 'extension', dialect: ID, name, value }));
  }

  private noteId(index: number, item: JsonObject): void {
    const id = asString(item.id);
    if (!id) return;
    this.ids ??= new Map();
    if (!this.ids.has(id)) this.kept(ENTRY_SIZE + id.length);
    this.ids.set(id, index);
  }
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

/** An item that is emitted when it is whole. */
class HostedState {
  readonly kind = 'hosted';
  readonly type: string;
  ended = false;
  private readonly blocks: Blocks;

  constructor(blocks: Blocks, type: string) {
    this.blocks = blocks;
    this.type = type;
  }

  end(): void {
    this.ended = true;
  }

  done(item: JsonObject): void {
    this.ended = true;
    for (const part of parseHostedItem(this.type, item)) this.push(part);
  }

  private push(part: HostedPart): void {
    const { blocks } = this;
    if (part.type === 'opaque') {
      // In the form of an opaque part of a whole answer, see model/replay.ts.
      blocks.push({
        type: 'extension',
        dialect: part.dialect,
        name: part.name,
        value: { value: part.value },
      });
      return;
    }
    const block = blocks.next();
    if (part.type === 'image') {
      if (part.source.kind !== 'base64') return;
      const { mediaType, data } = part.source;
      blocks.push({
        type: 'media',
        block,
        mediaType,
        data,
        ...(part.extension && { extension: part.extension }),
      });
      return;
    }
    if (part.type === 'server-tool-result') {
      blocks.push({ type: 'server-tool-result', block, part });
      return;
    }
    const { id, name, mcpServer, runsCode, extension } = part;
    blocks.push({
      ...{ type: 'tool-start', block, id, name, kind: 'server' },
      ...(mcpServer !== undefined && { mcpServer }),
      ...(runsCode !== undefined && { runsCode }),
      ...(extension && { extension }),
    });
    blocks.push({ type: 'tool-delta', block, arguments: part.arguments });
    blocks.push({ type: 'tool-end', block });
  }
}
