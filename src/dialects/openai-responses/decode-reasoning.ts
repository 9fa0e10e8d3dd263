// The decoder's reasoning items: one block each, with readable text from the summary or the raw reasoning, and the token from the finished
// item. An empty item becomes no block.
import { asObject, type JsonObject } from '../../model/json/json.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import type { Blocks } from './decode-items.ts';
import { answerToken, parseAnswerReasoning, RAW, rawReasoning, SUMMARY_SEPARATOR } from './reasoning.ts';
import { ID } from './wire.ts';

/** The form from which the text is read: if a server sends both, the first to appear. */
type Source = 'summary' | 'content';

const NO_ITEM: JsonObject = {};

export class ReasoningState {
  readonly kind = 'reasoning';
  readonly type = 'reasoning';
  ended = false;
  private readonly blocks: Blocks;
  /** Undefined until there is something to emit. */
  private block: number | undefined = undefined;
  /** Where the text so far came from, and the number of its part. */
  private readFrom: Source | undefined = undefined;
  private readIndex = 0;
  private signed = false;
  private begun = NO_ITEM;

  constructor(blocks: Blocks) {
    this.blocks = blocks;
  }

  begin(item: JsonObject): void {
    this.begun = item;
  }

  delta(source: Source, index: number, text: string): void {
    if (!this.ended) this.emit(source, index, text);
  }

  more(text: string): void {
    this.write(text);
  }

  /** Takes the whole text of a part: emits it if no delta came. */
  whole(source: Source, index: number, text: string): void {
    const wasRead = this.readFrom !== undefined && (this.readFrom !== source || this.readIndex >= index);
    if (!this.ended && !wasRead) this.emit(source, index, text);
  }

  /** Another item begins before this one is done, and this one's token must come before it. */
  interrupt(): void {
    if (this.ended || this.signed || this.readFrom !== 'content') return;
    const signature = answerToken({ id: this.begun.id }, true);
    if (signature !== undefined) this.sign(signature);
  }

  done(item: JsonObject): void {
    const { readFrom } = this;
    const part = parseAnswerReasoning(item);
    if (readFrom === undefined && part !== undefined && part.text !== '') this.write(part.text);
    const signature = readFrom === undefined ? part?.signature : answerToken(item, readFrom === 'content');
    // Encrypted content must reach the client, however late it comes; an id has been sent already.
    if (signature !== undefined && (!this.signed || item.encrypted_content)) this.sign(signature);
    const raw = asObject(rawReasoning(item).extension?.fields[RAW]);
    // The text that was sent was the raw reasoning, so the summary comes too late to be the text.
    if (raw !== undefined && readFrom === 'content') this.extend('reasoning.summary', {});
    else if (raw !== undefined) this.extend(RAW, raw);
    this.end();
  }

  end(): void {
    this.ended = true;
    if (this.block !== undefined) this.blocks.push({ type: 'reasoning-end', block: this.block });
  }

  private extend(name: string, value: JsonObject): void {
    this.open();
    this.blocks.push({ type: 'extension', dialect: ID, name, value });
  }

  private emit(source: Source, index: number, text: string): void {
    const { readFrom } = this;
    if (text === '' || (readFrom !== undefined && readFrom !== source)) return;
    const isNext = readFrom !== undefined && this.readIndex !== index && source === 'summary';
    this.readFrom = source;
    this.readIndex = index;
    this.write(isNext ? SUMMARY_SEPARATOR + text : text);
  }

  private write(text: string): void {
    const block = this.open();
    this.blocks.push({ type: 'reasoning-delta', block, text });
  }

  private sign(signature: OpaqueToken): void {
    this.signed = true;
    const block = this.open();
    this.blocks.push({ type: 'reasoning-signature', block, signature });
  }

  private open(): number {
    if (this.block === undefined) {
      this.block = this.blocks.next();
      this.blocks.push({ type: 'reasoning-start', block: this.block });
    }
    return this.block;
  }
}
