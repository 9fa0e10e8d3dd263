// The decoder's message items: parts of text or refusal, each a block.
import type { MessageStart } from '../../model/content.ts';
import { ENTRY_SIZE, TEXT_EVENTS } from '../../model/events.ts';
import { asArray, asObject, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import type { TokenLogprob } from '../../model/logprobs.ts';
import { textStart } from '../../model/replay.ts';
import { parseLogprobs } from '../openai/logprobs.ts';
import { parseAnnotation } from './annotations.ts';
import type { Blocks } from './decode-items.ts';
import { SentText } from './sent-text.ts';
import { ID } from './wire.ts';

type PartKind = 'text' | 'refusal';

export class MessageState extends SentText {
  readonly kind = 'message';
  readonly type = 'message';
  ended = false;
  private readonly blocks: Blocks;
  /** The kind of the part that began last, which the next fields describe; undefined before the first. */
  private part: PartKind | undefined = undefined;
  /** The server's number of the part; some begin at 1. */
  private contentIndex = 0;
  /** What the message's first text says of the message; undefined if nothing, or once it is said. */
  private beginning: MessageStart | undefined;
  /** Undefined until there is something to emit. */
  private block: number | undefined = undefined;
  private annotations = 0;
  private partEnded = false;
  /** Whether log probabilities came with the part's deltas. */
  private spelled = false;
  /** Earlier parts, which emit nothing more, in the order in which they began, which is also that of the finished item. */
  private past: PartKind[] | null = null;
  /** The numbers of earlier parts by kind, since an answer may have thousands. */
  private numbers: Record<PartKind, Set<number>> | null = null;

  /** @param isNext whether it follows another message, from which the client could not tell it otherwise. */
  constructor(blocks: Blocks, isNext: boolean) {
    super();
    this.blocks = blocks;
    this.beginning = isNext ? {} : undefined;
  }

  begin(item: JsonObject): void {
    if (this.part === undefined) this.beginning = startOf(item) ?? this.beginning;
  }

  delta(kind: PartKind, contentIndex: number, text: string, logprobs?: TokenLogprob[]): void {
    if (this.open(kind, contentIndex)) this.emit(text, logprobs);
  }

  more(text: string): void {
    this.emit(text);
  }

  /** Takes the whole text of a part: sends what no delta contained. */
  whole(kind: PartKind, contentIndex: number, text: string, logprobs?: TokenLogprob[]): void {
    if (this.open(kind, contentIndex)) this.emit(this.rest(text), this.unsent(logprobs));
  }

  annotation(contentIndex: number, annotation: JsonObject): void {
    if (this.open('text', contentIndex)) this.cite(annotation);
  }

  /** Takes the finished part with all its annotations. */
  partDone(contentIndex: number, content: JsonObject): void {
    const kind = partKind(content);
    if (kind !== undefined && this.open(kind, contentIndex)) this.complete(kind, content);
  }

  done(item: JsonObject): void {
    this.ended = true;
    this.begin(item);
    let place = 0;
    for (const value of asArray(item.content) ?? []) {
      const content = asObject(value);
      const kind = content === undefined ? undefined : partKind(content);
      if (content === undefined) continue;
      if (kind === undefined) {
        const name = `content.${asString(content.type) ?? 'part'}`;
        this.blocks.push({ type: 'extension', dialect: ID, name, value: { value: content } });
        continue;
      }
      if (this.openAt(place++, kind)) this.complete(kind, content);
    }
    this.endPart();
  }

  end(): void {
    this.ended = true;
    this.endPart();
  }

  /** Makes the part the current one if it is new; false if it has ended. */
  private open(kind: PartKind, contentIndex: number): boolean {
    if (this.part === kind && this.contentIndex === contentIndex) return !this.partEnded;
    if (this.numbers?.[kind].has(contentIndex)) return false;
    if (this.part !== undefined) {
      this.endPart();
      this.past ??= [];
      this.blocks.kept(ENTRY_SIZE);
      this.past.push(this.part);
      this.numbers ??= { text: new Set(), refusal: new Set() };
      this.numbers[this.part].add(this.contentIndex);
    }
    this.part = kind;
    this.contentIndex = contentIndex;
    this.block = undefined;
    this.annotations = 0;
    this.partEnded = false;
    this.spelled = false;
    this.forget();
    return true;
  }

  /** The same, by the part's place in the finished item. */
  private openAt(place: number, kind: PartKind): boolean {
    const past = this.past?.length ?? 0;
    const known = place === past ? this.part : this.past?.[place];
    if (known === kind) return place === past && !this.partEnded;
    // Numbers that parts get only here must not equal others.
    return this.open(kind, past + (this.part === undefined ? 0 : 1) + 1_000);
  }

  private complete(kind: PartKind, content: JsonObject): void {
    const whole = asString(kind === 'text' ? content.text : content.refusal) ?? '';
    this.emit(this.rest(whole), this.unsent(parseLogprobs(content.logprobs)));
    const annotations = asArray(content.annotations) ?? [];
    for (const annotation of annotations.slice(this.annotations)) {
      if (isObject(annotation)) this.cite(annotation);
    }
    this.endPart();
  }

  private emit(text: string, logprobs?: TokenLogprob[]): void {
    const { part } = this;
    if (part === undefined || (text === '' && logprobs === undefined)) return;
    this.note(text);
    const block = this.blockOf(part);
    if (logprobs === undefined) this.blocks.push({ type: TEXT_EVENTS[part].delta, block, text });
    else {
      this.spelled = true;
      this.blocks.push({ type: TEXT_EVENTS[part].delta, block, text, logprobs });
    }
  }

  /** The log probabilities of a whole part, if its deltas brought none. */
  private unsent(logprobs: TokenLogprob[] | undefined): TokenLogprob[] | undefined {
    return this.spelled ? undefined : logprobs;
  }

  private cite(annotation: JsonObject): void {
    if (this.part !== 'text') return;
    this.annotations++;
    const block = this.blockOf('text');
    this.blocks.push({ type: 'citation', block, citation: parseAnnotation(annotation) });
  }

  private blockOf(part: PartKind): number {
    if (this.block === undefined) {
      this.block = this.blocks.next();
      if (part === 'refusal') this.blocks.push({ type: 'refusal-start', block: this.block });
      else this.blocks.push(textStart(this.block, this.beginning));
      this.beginning = undefined;
    }
    return this.block;
  }

  private endPart(): void {
    if (this.part === undefined || this.partEnded) return;
    this.partEnded = true;
    if (this.block !== undefined) this.blocks.push({ type: TEXT_EVENTS[this.part].end, block: this.block });
  }
}

/** A message's phase, which the provider needs back with the message. */
export function startOf(item: JsonObject): MessageStart | undefined {
  const phase = asString(item.phase);
  return phase === undefined ? undefined : { phase };
}

function partKind({ type }: JsonObject): PartKind | undefined {
  if (type === 'output_text' || type === 'text') return 'text';
  return type === 'refusal' ? 'refusal' : undefined;
}
