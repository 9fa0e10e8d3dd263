// The content blocks of a stream. Only calls announce themselves; what other blocks are, their deltas tell.
import type { Citation } from '../../model/content.ts';
import type { EventSink } from '../../model/events.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json.ts';
import { ownToken } from '../../model/opaque-token.ts';
import { textIn } from '../answer-list.ts';
import { imageType, isServerTool, readCall } from './parse-response.ts';
import { readCitation } from './read-answer.ts';
import { ID } from './wire.ts';

export interface BlockDecoder {
  start(index: number, start: JsonObject): void;
  delta(index: number, delta: JsonObject): void;
  close(index: number): void;
  closeAll(): void;
}

/** What is told only when its block ends is kept in it. */
type Open =
  | { kind: 'text'; block: number; begun: boolean; citations: Citation[] }
  | { kind: 'reasoning'; block: number; begun: boolean; signature: string; redacted: string }
  | { kind: 'tool'; block: number }
  | { kind: 'result'; block: number; result: JsonObject; content: JsonValue[] }
  | { kind: 'image'; block: number; mediaType: string; data: string };

export function createBlockDecoder(sink: EventSink): BlockDecoder {
  const open = new Map<number, Open>();
  let nextBlock = 0;

  function close(index: number): void {
    const told = open.get(index);
    if (told === undefined) return;
    open.delete(index);
    closeBlock(told, sink);
  }

  /** The block at `index` of this kind; another one there has ended without saying so. */
  function blockOf<Kind extends Open['kind']>(
    index: number,
    kind: Kind,
    fresh: (block: number) => Extract<Open, { kind: Kind }>,
  ): Extract<Open, { kind: Kind }> {
    const known = open.get(index);
    if (known !== undefined && isKind(known, kind)) return known;
    close(index);
    const made = fresh(nextBlock++);
    open.set(index, made);
    return made;
  }

  function text(index: number) {
    return blockOf(index, 'text', (block) => ({ kind: 'text', block, begun: false, citations: [] }));
  }

  function write(index: number, written: string): void {
    if (written === '') return;
    const told = text(index);
    if (!told.begun) sink.push({ type: 'text-start', block: told.block });
    told.begun = true;
    sink.push({ type: 'text-delta', block: told.block, text: written });
  }

  function think(index: number, delta: JsonObject): void {
    const told = blockOf(index, 'reasoning', (block) => ({
      kind: 'reasoning',
      block,
      begun: false,
      signature: '',
      redacted: '',
    }));
    told.signature += asString(delta.signature) ?? '';
    told.redacted += asString(delta.redactedContent) ?? '';
    const thought = asString(delta.text) ?? '';
    if (thought === '') return;
    if (!told.begun) sink.push({ type: 'reasoning-start', block: told.block });
    told.begun = true;
    sink.push({ type: 'reasoning-delta', block: told.block, text: thought });
  }

  return {
    start(index, start) {
      const result = asObject(start.toolResult);
      const image = asObject(start.image);
      if (start.toolUse !== undefined) {
        const call = readCall(start.toolUse);
        close(index);
        const block = nextBlock++;
        open.set(index, { kind: 'tool', block });
        const kind = isServerTool(call) ? 'server' : 'function';
        sink.push({ type: 'tool-start', block, id: call.id, name: call.name, kind });
      } else if (result !== undefined) {
        blockOf(index, 'result', (block) => ({ kind: 'result', block, result, content: [] }));
      } else if (image !== undefined) {
        const mediaType = imageType(image);
        blockOf(index, 'image', (block) => ({ kind: 'image', block, mediaType, data: '' }));
      }
    },
    delta(index, delta) {
      if (delta.text !== undefined) write(index, textIn(delta.text, 'delta.text'));
      const reasoning = asObject(delta.reasoningContent);
      if (reasoning !== undefined) think(index, reasoning);
      if (delta.citation !== undefined) text(index).citations.push(readCitation(delta.citation));
      const told = open.get(index);
      const input = asString(asObject(delta.toolUse)?.input);
      // Where the call's beginning could not be read, its arguments belong nowhere: such an answer is broken.
      if (input !== undefined)
        sink.push({
          type: 'tool-delta',
          block: told?.kind === 'tool' ? told.block : nextBlock++,
          arguments: input,
        });
      if (told?.kind === 'result') told.content.push(...(asArray(delta.toolResult) ?? []));
      if (told?.kind === 'image') told.data += asString(asObject(asObject(delta.image)?.source)?.bytes) ?? '';
    },
    close,
    closeAll() {
      for (const index of [...open.keys()]) close(index);
    },
  };
}

function isKind<Kind extends Open['kind']>(told: Open, kind: Kind): told is Extract<Open, { kind: Kind }> {
  return told.kind === kind;
}

function closeBlock(told: Open, sink: EventSink): void {
  const { block } = told;
  switch (told.kind) {
    case 'text':
      if (!told.begun) return;
      for (const citation of told.citations) sink.push({ type: 'citation', block, citation });
      sink.push({ type: 'text-end', block });
      return;
    case 'reasoning':
      if (told.redacted !== '')
        sink.push({ type: 'reasoning-start', block, redacted: ownToken(ID, told.redacted) });
      else if (!told.begun && told.signature !== '') sink.push({ type: 'reasoning-start', block });
      else if (!told.begun) return;
      if (told.signature !== '')
        sink.push({ type: 'reasoning-signature', block, signature: ownToken(ID, told.signature) });
      sink.push({ type: 'reasoning-end', block });
      return;
    case 'tool':
      sink.push({ type: 'tool-end', block });
      return;
    case 'result': {
      const callId = asString(told.result.toolUseId) ?? '';
      const value = { ...told.result, content: told.content };
      sink.push({
        type: 'server-tool-result',
        block,
        part: { type: 'server-tool-result', callId, dialect: ID, value },
      });
      return;
    }
    case 'image':
      if (told.data !== '') sink.push({ type: 'media', block, mediaType: told.mediaType, data: told.data });
  }
}
