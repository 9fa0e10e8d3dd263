// The decoder's text, refusal and reasoning blocks: at most one is open, another kind's start ends it.
import type { Citation } from '../../model/content.ts';
import { type StreamEvent, TEXT_EVENTS } from '../../model/events.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import { type OpaqueToken, ownToken } from '../../model/opaque-token.ts';
import { parseAnnotations } from './annotations.ts';
import { joinSignatures, parseReasoningDetails, type ReasoningDetail, reasoningText } from './reasoning.ts';

const ID = 'openai-chat';

export interface BlockWriter {
  /** A fresh block number, for blocks that are written elsewhere. */
  next(): number;
  text(text: string): void;
  refusal(text: string): void;
  reasoning(text: string): void;
  /** `reasoning_content`, `reasoning` and `reasoning_details` of one delta. */
  reasoningOf(delta: JsonObject): void;
  annotations(value: JsonValue | undefined): void;
  /** Sources listed beside the answer, used where the answer has no annotations of its own. */
  sources(citations: Citation[]): void;
  /** Ends the open block, because something else begins. */
  close(): void;
  /** At the end of the answer: also tells the citations that found no text to belong to. */
  finish(): void;
}

type Open =
  | { kind: 'text'; block: number; base: number }
  | { kind: 'refusal'; block: number }
  | { kind: 'reasoning'; block: number; signature: OpaqueToken | undefined; index: number | undefined };

export function createBlockWriter(emit: (event: StreamEvent) => void): BlockWriter {
  let nextBlock = 0;
  let open: Open | undefined;
  /** UTF-16 units of content so far: annotations count from its start. */
  let contentLength = 0;
  /** Citations that came before the text they belong to. */
  let pending: Citation[] = [];
  let listed: Citation[] = [];
  let cited = false;
  /** Which field tells the reasoning: where several repeat each other, only the first that spoke is heard. */
  let source: 'plain' | 'details' | undefined;
  /** Signatures and redacted blocks so far: some servers tell them all again at the end. */
  const told = new Set<OpaqueToken>();

  function close(): void {
    if (open === undefined) return;
    const { kind, block } = open;
    if (kind === 'text' && !cited) cite(listed, block);
    if (kind === 'reasoning' && open.signature !== undefined) {
      told.add(open.signature);
      emit({ type: 'reasoning-signature', block, signature: open.signature });
    }
    open = undefined;
    emit({ type: TEXT_EVENTS[kind].end, block });
  }

  function cite(citations: Citation[], block: number): void {
    for (const citation of citations) emit({ type: 'citation', block, citation });
    if (citations.length > 0) cited = true;
  }

  function openText(): Extract<Open, { kind: 'text' }> {
    if (open?.kind === 'text') return open;
    close();
    const opened = { kind: 'text', block: nextBlock++, base: contentLength } as const;
    open = opened;
    emit({ type: 'text-start', block: opened.block });
    const waiting = pending;
    pending = [];
    cite(waiting, opened.block);
    return opened;
  }

  function openReasoning(index: number | undefined): Extract<Open, { kind: 'reasoning' }> {
    if (open?.kind === 'reasoning') {
      const sameEntry = index === undefined || open.index === undefined || open.index === index;
      // A signature seals its block: what follows is the next one.
      if (sameEntry && open.signature === undefined) return open;
    }
    close();
    const opened: Open = { kind: 'reasoning', block: nextBlock++, signature: undefined, index };
    open = opened;
    emit({ type: 'reasoning-start', block: opened.block });
    return opened;
  }

  function reasoning(text: string, index?: number): void {
    const { block } = openReasoning(index);
    emit({ type: 'reasoning-delta', block, text });
  }

  function detail({ text, signature, redacted, index }: ReasoningDetail): void {
    const token = redacted ?? signature;
    const current = open?.kind === 'reasoning' ? open.signature : undefined;
    if (token !== undefined && (token === current || told.has(token))) return;
    if (redacted !== undefined) {
      told.add(redacted);
      close();
      const block = nextBlock++;
      emit({ type: 'reasoning-start', block, redacted });
      emit({ type: 'reasoning-end', block });
      return;
    }
    if (text !== '' && source === 'details') reasoning(text, index);
    if (signature !== undefined) {
      const signed = open?.kind === 'reasoning' ? open : openReasoning(index);
      if (signed.signature === undefined) {
        signed.signature = signature;
        signed.index ??= index;
      } else if (signed.index === index) signed.signature = joinSignatures(signed.signature, signature);
      else openReasoning(index).signature = signature;
    }
  }

  return {
    next: () => nextBlock++,
    close,
    text(text) {
      const { block } = openText();
      contentLength += text.length;
      emit({ type: 'text-delta', block, text });
    },
    refusal(text) {
      if (open?.kind !== 'refusal') {
        close();
        open = { kind: 'refusal', block: nextBlock++ };
        emit({ type: 'refusal-start', block: open.block });
      }
      emit({ type: 'refusal-delta', block: open.block, text });
    },
    reasoning,
    reasoningOf(delta) {
      const plain = reasoningText(delta);
      const details =
        delta.reasoning_details === undefined
          ? []
          : parseReasoningDetails(delta.reasoning_details, (text) => ownToken(ID, text));
      const detailed = details.some((each) => each.text !== '');
      source ??= plain !== '' ? 'plain' : detailed ? 'details' : undefined;
      if (plain !== '' && (source === 'plain' || !detailed)) reasoning(plain);
      for (const each of details) detail(each);
    },
    annotations(value) {
      if (!Array.isArray(value) || value.length === 0) return;
      if (open?.kind === 'text') cite(parseAnnotations(value, open.base), open.block);
      else pending.push(...parseAnnotations(value, contentLength));
    },
    sources(citations) {
      if (citations.length > 0) listed = citations;
    },
    finish() {
      if (pending.length > 0) openText();
      close();
    },
  };
}
