// The decoder's message items: parts of text or refusal, each a block.
import { TEXT_EVENTS } from '../../model/events.ts';
import { asArray, asObject, asString, isObject, type JsonObject } from '../../model/json.ts';
import { parseAnnotation } from './annotations.ts';
import type { Blocks } from './decode-items.ts';
import { createToldText, type ToldText } from './told-text.ts';
import { ID } from './wire.ts';

type PartKind = 'text' | 'refusal';

export interface MessageState {
  kind: 'message';
  type: 'message';
  ended: boolean;
  delta(kind: PartKind, contentIndex: number, text: string): void;
  /** The whole text of a part: what no delta told is told now. */
  whole(kind: PartKind, contentIndex: number, text: string): void;
  annotation(contentIndex: number, annotation: JsonObject): void;
  /** The finished part, with all its annotations. */
  partDone(contentIndex: number, part: JsonObject): void;
  done(item: JsonObject): void;
  end(): void;
}

interface PartState {
  kind: PartKind;
  /** The server's number: some begin at 1. */
  contentIndex: number;
  /** Undefined until there is something to tell. */
  block: number | undefined;
  told: ToldText;
  annotations: number;
  ended: boolean;
}

export function createMessageState({ emit, next }: Blocks): MessageState {
  /** In the order in which they began, which is that of the finished item. */
  const parts: PartState[] = [];

  function open(kind: PartKind, contentIndex: number): PartState {
    const known = parts.find((part) => part.contentIndex === contentIndex && part.kind === kind);
    if (known !== undefined) return known;
    for (const part of parts) endPart(part);
    const part: PartState = {
      kind,
      contentIndex,
      block: undefined,
      told: createToldText(),
      annotations: 0,
      ended: false,
    };
    parts.push(part);
    return part;
  }

  function blockOf(part: PartState): number {
    if (part.block === undefined) {
      part.block = next();
      emit({ type: TEXT_EVENTS[part.kind].start, block: part.block });
    }
    return part.block;
  }

  function tell(part: PartState, text: string): void {
    if (text === '' || part.ended) return;
    part.told.push(text);
    emit({ type: TEXT_EVENTS[part.kind].delta, block: blockOf(part), text });
  }

  function cite(part: PartState, annotation: JsonObject): void {
    if (part.ended || part.kind !== 'text') return;
    part.annotations++;
    emit({ type: 'citation', block: blockOf(part), citation: parseAnnotation(annotation) });
  }

  function complete(part: PartState, content: JsonObject): void {
    const whole = asString(part.kind === 'text' ? content.text : content.refusal) ?? '';
    tell(part, part.told.rest(whole));
    const annotations = asArray(content.annotations) ?? [];
    for (const annotation of annotations.slice(part.annotations)) {
      if (isObject(annotation)) cite(part, annotation);
    }
    endPart(part);
  }

  function endPart(part: PartState): void {
    if (part.ended) return;
    part.ended = true;
    if (part.block !== undefined) emit({ type: TEXT_EVENTS[part.kind].end, block: part.block });
  }

  return {
    kind: 'message',
    type: 'message',
    ended: false,
    delta: (kind, contentIndex, text) => tell(open(kind, contentIndex), text),
    whole(kind, contentIndex, text) {
      const part = open(kind, contentIndex);
      tell(part, part.told.rest(text));
    },
    annotation: (contentIndex, annotation) => cite(open('text', contentIndex), annotation),
    partDone(contentIndex, content) {
      const kind = partKind(content);
      if (kind !== undefined) complete(open(kind, contentIndex), content);
    },
    done(item) {
      this.ended = true;
      let place = 0;
      for (const value of asArray(item.content) ?? []) {
        const content = asObject(value);
        const kind = content === undefined ? undefined : partKind(content);
        if (content === undefined) continue;
        if (kind === undefined) {
          const name = `content.${asString(content.type) ?? 'part'}`;
          emit({ type: 'extension', dialect: ID, name, value: { value: content } });
          continue;
        }
        const known = parts[place++];
        if (known !== undefined && known.kind === kind) complete(known, content);
        // Numbers of parts that only come now collide with none.
        else complete(open(kind, parts.length + 1_000), content);
      }
      for (const part of parts) endPart(part);
    },
    end() {
      this.ended = true;
      for (const part of parts) endPart(part);
    },
  };
}

function partKind({ type }: JsonObject): PartKind | undefined {
  if (type === 'output_text' || type === 'text') return 'text';
  return type === 'refusal' ? 'refusal' : undefined;
}
