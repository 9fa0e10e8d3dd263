// The decoder's text, refusal and reasoning blocks: at most one is open, and a block of another kind ends it.
import type { Citation } from '../../model/content.ts';
import { ENTRY_SIZE, type EventSink, TEXT_EVENTS } from '../../model/events.ts';
import type { JsonObject, JsonValue } from '../../model/json/json.ts';
import type { TokenLogprob } from '../../model/logprobs.ts';
import { type OpaqueToken, ownToken } from '../../model/opaque-token.ts';
import { parseAnnotations } from './annotations.ts';
import { joinSignatures, parseReasoningDetails, type ReasoningDetail, reasoningText } from './reasoning.ts';
import { ID } from './wire.ts';

type Kind = 'text' | 'refusal' | 'reasoning';

/** Reasoning without text. */
interface Seal {
  signature?: OpaqueToken;
  redacted?: OpaqueToken;
  index: number | undefined;
}

const NO_SEALS: Seal[] = [];
const NO_DETAILS: ReasoningDetail[] = [];
const NO_CITATIONS: Citation[] = [];

export class BlockWriter {
  private readonly sink: EventSink;
  private nextBlock = 0;
  /** The kind of the open block. */
  private open: Kind | undefined = undefined;
  private block = 0;
  /** Where an open text begins within all content. */
  private base = 0;
  /** Signature and index of the open reasoning block. */
  private signature: OpaqueToken | undefined = undefined;
  private index: number | undefined = undefined;
  /** What came without text within an open text that may continue, such as a signature of Gemini's. It is sent when the text has ended. */
  private seals = NO_SEALS;
  /** UTF-16 units of content so far: annotations count from its start. */
  private contentLength = 0;
  /** Citations that came before their text. */
  private pending = NO_CITATIONS;
  private listed = NO_CITATIONS;
  private cited = false;
  /** Which field carries reasoning: if several repeat each other, only the first to appear is read. */
  private source: 'plain' | 'details' | undefined = undefined;
  /** Signatures and redacted blocks so far: some servers repeat them all at the end. */
  private sentTokens: Set<OpaqueToken> | null = null;

  constructor(sink: EventSink) {
    this.sink = sink;
  }

  /** A new block number, for blocks that are written elsewhere. */
  next(): number {
    return this.nextBlock++;
  }

  /** Whether the answer has any block yet. */
  begun(): boolean {
    return this.nextBlock > 0;
  }

  /** Ends the open block, because something else begins. */
  close(): void {
    const { open, block, signature } = this;
    if (open === undefined) return;
    if (open === 'text' && !this.cited) this.cite(this.listed, block);
    if (open === 'reasoning' && signature !== undefined) {
      this.note(signature);
      this.sink.push({ type: 'reasoning-signature', block, signature });
    }
    this.open = undefined;
    this.sink.push({ type: TEXT_EVENTS[open].end, block });
    if (this.seals.length > 0) this.tellSeals();
  }

  text(text: string, logprobs?: TokenLogprob[]): void {
    this.openText();
    this.contentLength += text.length;
    const { block } = this;
    this.sink.push(
      logprobs === undefined
        ? { type: 'text-delta', block, text }
        : { type: 'text-delta', block, text, logprobs },
    );
  }

  refusal(text: string, logprobs?: TokenLogprob[]): void {
    if (this.open !== 'refusal') this.begin('refusal');
    const { block } = this;
    this.sink.push(
      logprobs === undefined
        ? { type: 'refusal-delta', block, text }
        : { type: 'refusal-delta', block, text, logprobs },
    );
  }

  /** Log probabilities that come without text; false if no text is open to which they could belong. */
  spelled(logprobs: TokenLogprob[]): boolean {
    if (this.open !== 'text') return false;
    this.text('', logprobs);
    return true;
  }

  reasoning(text: string, index?: number): void {
    this.openReasoning(index);
    this.sink.push({ type: 'reasoning-delta', block: this.block, text });
  }

  /** Continues the open block from a delta that otherwise equals the last one; false if that had more than text. */
  repeat(text: string): boolean {
    const { open, block } = this;
    if (open === undefined || this.pending.length > 0) return false;
    if (open === 'reasoning' && this.signature !== undefined) return false;
    if (open === 'text') this.contentLength += text.length;
    this.sink.push({ type: TEXT_EVENTS[open].delta, block, text });
    return true;
  }

  /** Reads `reasoning_content`, `reasoning` and `reasoning_details` of a delta. */
  reasoningOf(delta: JsonObject): void {
    const plain = reasoningText(delta);
    const details =
      delta.reasoning_details === undefined
        ? NO_DETAILS
        : parseReasoningDetails(delta.reasoning_details, (text) => ownToken(ID, text));
    const detailed = details.some((each) => each.text !== '');
    this.source ??= plain !== '' ? 'plain' : detailed ? 'details' : undefined;
    if (plain !== '' && (this.source === 'plain' || !detailed)) this.reasoning(plain);
    for (const each of details) this.detail(each);
  }

  annotations(value: JsonValue | undefined): void {
    if (!Array.isArray(value) || value.length === 0) return;
    if (this.open === 'text') {
      this.cite(parseAnnotations(value, this.base), this.block);
      return;
    }
    const citations = parseAnnotations(value, this.contentLength);
    this.sink.kept?.(JSON.stringify(citations).length);
    if (this.pending === NO_CITATIONS) this.pending = citations;
    else for (const citation of citations) this.pending.push(citation);
  }

  /** Sources listed beside the answer, used if the answer has no annotations of its own. */
  sources(citations: Citation[]): void {
    if (citations.length > 0) this.listed = citations;
  }

  /** To be called at the end of the answer; also sends citations that found no text to belong to. */
  finish(): void {
    if (this.pending.length > 0) this.openText();
    this.close();
  }

  private begin(kind: Kind): void {
    this.close();
    this.open = kind;
    this.block = this.nextBlock++;
    this.sink.push({ type: TEXT_EVENTS[kind].start, block: this.block });
  }

  private openText(): void {
    if (this.open === 'text') return;
    this.begin('text');
    this.base = this.contentLength;
    const waiting = this.pending;
    this.pending = NO_CITATIONS;
    this.cite(waiting, this.block);
  }

  private openReasoning(index: number | undefined): void {
    if (this.open === 'reasoning') {
      const sameEntry = index === undefined || this.index === undefined || this.index === index;
      // A signature ends its block, so what follows belongs to the next.
      if (sameEntry && this.signature === undefined) return;
    }
    this.begin('reasoning');
    this.signature = undefined;
    this.index = index;
  }

  private detail({ text, signature, redacted, index }: ReasoningDetail): void {
    const token = redacted ?? signature;
    if (token !== undefined && text === '' && this.open === 'text') {
      this.seal({ ...(redacted !== undefined ? { redacted } : { signature: token }), index });
      return;
    }
    const current = this.open === 'reasoning' ? this.signature : undefined;
    if (token !== undefined && (token === current || this.sentTokens?.has(token) === true)) return;
    if (redacted !== undefined) {
      this.close();
      this.tellRedacted(redacted);
      return;
    }
    if (text !== '' && this.source === 'details') this.reasoning(text, index);
    if (signature === undefined) return;
    if (this.open !== 'reasoning') this.openReasoning(index);
    this.sink.kept?.(signature.length);
    if (this.signature === undefined) {
      this.signature = signature;
      this.index ??= index;
    } else if (this.index === index) this.signature = joinSignatures(this.signature, signature);
    else {
      this.openReasoning(index);
      this.signature = signature;
    }
  }

  private seal(seal: Seal): void {
    const { signature, redacted, index } = seal;
    const token = redacted ?? signature;
    if (token === undefined || this.sentTokens?.has(token) === true) return;
    if (this.seals.some((each) => (each.redacted ?? each.signature) === token)) return;
    this.sink.kept?.(ENTRY_SIZE + token.length);
    const last = this.seals.at(-1);
    if (signature !== undefined && last?.signature !== undefined && last.index === index)
      last.signature = joinSignatures(last.signature, signature);
    else this.seals = [...this.seals, seal];
  }

  private tellSeals(): void {
    const { seals } = this;
    this.seals = NO_SEALS;
    for (const { signature, redacted, index } of seals) {
      if (redacted !== undefined) this.tellRedacted(redacted);
      if (signature === undefined) continue;
      this.openReasoning(index);
      this.signature = signature;
      this.close();
    }
  }

  private tellRedacted(redacted: OpaqueToken): void {
    this.note(redacted);
    const block = this.nextBlock++;
    this.sink.push({ type: 'reasoning-start', block, redacted });
    this.sink.push({ type: 'reasoning-end', block });
  }

  private cite(citations: Citation[], block: number): void {
    for (const citation of citations) this.sink.push({ type: 'citation', block, citation });
    if (citations.length > 0) this.cited = true;
  }

  private note(token: OpaqueToken): void {
    this.sentTokens ??= new Set();
    this.sink.kept?.(ENTRY_SIZE + token.length);
    this.sentTokens.add(token);
  }
}
