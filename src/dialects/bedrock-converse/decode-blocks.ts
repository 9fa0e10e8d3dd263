// The content blocks of a stream. Only calls announce themselves; other blocks are recognized by their deltas.
import type { Citation } from '../../model/content.ts';
import { ENTRY_SIZE, type EventSink } from '../../model/events.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { ownToken } from '../../model/opaque-token.ts';
import { textIn } from '../shared/answer-list.ts';
import { isFirstReport } from '../shared/losses/first-report.ts';
import { joinBase64 } from '../shared/media/join-base64.ts';
import { imageType, isSearch, isServerTool, readCall } from './parse-response.ts';
import { readCitation } from './read-answer.ts';
import { ID } from './wire.ts';

/** What is collected of a block until it ends. */
type Open =
  | { kind: 'text'; block: number; begun: boolean; citations: Citation[] | null }
  | { kind: 'reasoning'; block: number; begun: boolean; signature: string; redacted: string }
  | { kind: 'tool'; block: number }
  | { kind: 'result'; block: number; result: JsonObject; content: JsonValue[] }
  | { kind: 'image'; block: number; mediaType: string; data: string };

/** The fields of a block's beginning and of a delta that are read below. */
const READ: ReadonlySet<string> = new Set([
  'text',
  'reasoningContent',
  'citation',
  'toolUse',
  'toolResult',
  'image',
]);

/** The decoder extends this class: each delta needs both, so they are one object. */
export class BlockDecoder {
  protected readonly sink: EventSink;
  protected webSearches = 0;
  /** Whether the client is to call a function. */
  protected called = false;
  private readonly open = new Map<number, Open>();
  private nextBlock = 0;
  /** The open block used last: consecutive deltas mostly belong to the same block. */
  private current: Open | undefined = undefined;
  private currentIndex = 0;
  /** The names of the extensions reported so far. */
  private reported: Set<string> | null = null;

  constructor(sink: EventSink) {
    this.sink = sink;
  }

  protected start(index: number, start: JsonObject): void {
    const result = asObject(start.toolResult);
    const image = asObject(start.image);
    if (start.toolUse !== undefined && start.toolUse !== null) {
      const call = readCall(start.toolUse);
      const { block } = this.begin(index, { kind: 'tool', block: this.nextBlock++ });
      const kind = isServerTool(call) ? 'server' : 'function';
      if (kind === 'function') this.called = true;
      if (isSearch(call)) this.webSearches++;
      this.sink.push({ type: 'tool-start', block, id: call.id, name: call.name, kind });
    } else if (result !== undefined) {
      this.begin(index, { kind: 'result', block: this.nextBlock++, result, content: [] });
    } else if (image !== undefined) {
      const mediaType = imageType(image);
      this.begin(index, { kind: 'image', block: this.nextBlock++, mediaType, data: '' });
    }
    this.reportUnread(start);
  }

  protected delta(index: number, delta: JsonObject): void {
    if (delta.text !== undefined) this.write(index, textIn(delta.text, 'delta.text'));
    const reasoning = asObject(delta.reasoningContent);
    if (reasoning !== undefined) this.think(index, reasoning);
    if (delta.citation !== undefined && delta.citation !== null) this.cite(index, delta.citation);
    const state = this.at(index);
    const input = asString(asObject(delta.toolUse)?.input);
    // If the beginning of the call could not be read, its arguments belong nowhere: the answer is broken.
    if (input !== undefined) {
      const block = state?.kind === 'tool' ? state.block : this.nextBlock++;
      this.sink.push({ type: 'tool-delta', block, arguments: input });
    }
    if (state?.kind === 'result') {
      const content = asArray(delta.toolResult) ?? [];
      this.sink.kept?.(JSON.stringify(content).length);
      state.content.push(...content);
    }
    if (state?.kind === 'image') {
      const bytes = asString(asObject(asObject(delta.image)?.source)?.bytes) ?? '';
      this.sink.kept?.(bytes.length);
      state.data = joinBase64(state.data, bytes);
    }
    this.reportUnread(delta);
  }

  protected close(index: number): void {
    const state = this.at(index);
    if (state === undefined) return;
    this.open.delete(index);
    this.current = undefined;
    closeBlock(state, this.sink);
  }

  protected closeAll(): void {
    for (const index of [...this.open.keys()]) this.close(index);
  }

  /** Reports each name once: a block of an unknown kind has its name in its beginning and in all of its deltas. */
  protected report(name: string): void {
    this.reported ??= new Set();
    if (isFirstReport(this.reported, name, this.sink))
      this.sink.push({ type: 'extension', dialect: ID, name, value: {} });
  }

  private reportUnread(fields: JsonObject): void {
    for (const name of Object.keys(fields)) {
      if (!READ.has(name) && fields[name] !== null) this.report(name);
    }
  }

  private at(index: number): Open | undefined {
    if (this.current !== undefined && this.currentIndex === index) return this.current;
    const known = this.open.get(index);
    this.current = known;
    this.currentIndex = index;
    return known;
  }

  /** A block that begins at `index` ends another one there that has no end of its own. */
  private begin<Begun extends Open>(index: number, begun: Begun): Begun {
    this.close(index);
    this.sink.kept?.(ENTRY_SIZE);
    this.open.set(index, begun);
    this.current = begun;
    this.currentIndex = index;
    return begun;
  }

  private text(index: number): Extract<Open, { kind: 'text' }> {
    const known = this.at(index);
    if (known?.kind === 'text') return known;
    return this.begin(index, { kind: 'text', block: this.nextBlock++, begun: false, citations: null });
  }

  private reasoning(index: number): Extract<Open, { kind: 'reasoning' }> {
    const known = this.at(index);
    if (known?.kind === 'reasoning') return known;
    const block = this.nextBlock++;
    return this.begin(index, { kind: 'reasoning', block, begun: false, signature: '', redacted: '' });
  }

  private write(index: number, written: string): void {
    if (written === '') return;
    const state = this.text(index);
    if (!state.begun) this.sink.push({ type: 'text-start', block: state.block });
    state.begun = true;
    this.sink.push({ type: 'text-delta', block: state.block, text: written });
  }

  private cite(index: number, citation: JsonValue): void {
    const state = this.text(index);
    state.citations ??= [];
    const read = readCitation(citation);
    this.sink.kept?.(ENTRY_SIZE + JSON.stringify(read).length);
    state.citations.push(read);
  }

  private think(index: number, delta: JsonObject): void {
    const state = this.reasoning(index);
    const signature = asString(delta.signature) ?? '';
    const redacted = asString(delta.redactedContent) ?? '';
    this.sink.kept?.(signature.length + redacted.length);
    state.signature += signature;
    state.redacted = joinBase64(state.redacted, redacted);
    const thought = asString(delta.text) ?? '';
    if (thought === '') return;
    if (!state.begun) this.sink.push({ type: 'reasoning-start', block: state.block });
    state.begun = true;
    this.sink.push({ type: 'reasoning-delta', block: state.block, text: thought });
  }
}

function closeBlock(state: Open, sink: EventSink): void {
  const { block } = state;
  switch (state.kind) {
    case 'text':
      if (!state.begun) return;
      for (const citation of state.citations ?? []) sink.push({ type: 'citation', block, citation });
      sink.push({ type: 'text-end', block });
      return;
    case 'reasoning':
      if (state.redacted !== '')
        sink.push({ type: 'reasoning-start', block, redacted: ownToken(ID, state.redacted) });
      else if (!state.begun && state.signature !== '') sink.push({ type: 'reasoning-start', block });
      else if (!state.begun) return;
      if (state.signature !== '')
        sink.push({ type: 'reasoning-signature', block, signature: ownToken(ID, state.signature) });
      sink.push({ type: 'reasoning-end', block });
      return;
    case 'tool':
      sink.push({ type: 'tool-end', block });
      return;
    case 'result': {
      const callId = asString(state.result.toolUseId) ?? '';
      const value = { ...state.result, content: state.content };
      sink.push({
        type: 'server-tool-result',
        block,
        part: { type: 'server-tool-result', callId, dialect: ID, value },
      });
      return;
    }
    case 'image':
      if (state.data !== '')
        sink.push({ type: 'media', block, mediaType: state.mediaType, data: state.data });
      // Instead of bytes it holds an error or an address.
      else sink.push({ type: 'extension', dialect: ID, name: 'image', value: {} });
  }
}
