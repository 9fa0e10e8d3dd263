// The encoder's message items. Consecutive texts form one part of a message, as OpenAI's models write them, and refusals other parts. The
// message ends when something else begins, since clients show each message separately.
import type { Citation, MessageStart } from '../../model/content.ts';
import type { JsonObject } from '../../model/json/json.ts';
import type { TokenLogprob } from '../../model/logprobs.ts';
import { TextJoiner } from '../shared/joined-texts.ts';
import type { AnswerLosses } from '../shared/losses/answer-losses.ts';
import { buildLogprobs } from '../openai/logprobs.ts';
import { ANNOTATED, buildAnnotation, isOwn } from './annotations.ts';
import { createDeltaWriter, type DeltaWriter, jsonAround, KEPT, type OutputWriter } from './encode-output.ts';
import { type ItemStatus, itemId, messageItem, refusalContent, textContent } from './output-item.ts';

export type PartEnd = 'text' | 'part';

interface OpenPart {
  kind: 'text' | 'refusal';
  place: JsonObject;
  citations: Citation[];
  /** Annotations of texts before the open one. */
  annotations: JsonObject[];
  /** Where the open text begins in the part; undefined while none is open. */
  base: number | undefined;
  /** Whether its annotations refer to this part only, since they came from a provider of this dialect. */
  isOwn: boolean;
  /** Log probabilities of its text; null if there are none. */
  logprobs: JsonObject[] | null;
}

interface AdoptedMessage {
  id: string;
  place: number;
  /** The client has received its end. */
  isDone: boolean;
}

interface OpenMessage extends AdoptedMessage {
  start: MessageStart | undefined;
  /** JSON of its parts. */
  content: string[];
}

export class MessageWriter {
  private readonly output: OutputWriter;
  private readonly requestId: string;
  private readonly losses: AnswerLosses;
  private message: OpenMessage | undefined;
  private part: OpenPart | undefined;
  /** The open part's deltas, and the end of it that the client has. Separate fields, since each delta reads only these. */
  private deltas: DeltaWriter | undefined;
  private receivedEnd: PartEnd | undefined;
  /** In the order in which they are reopened. */
  private adopted: AdoptedMessage[] | null = null;
  private adoptedPart: number | undefined;
  /** Joins the texts of a message, as SDKs do with those of its parts (`output_text`). */
  private texts = new TextJoiner();

  constructor(output: OutputWriter, requestId: string, losses: AnswerLosses) {
    this.output = output;
    this.requestId = requestId;
    this.losses = losses;
  }

  /** @param start of the message, if one begins with this text. */
  open(kind: 'text' | 'refusal', start?: MessageStart): string {
    const { output } = this;
    if (kind === 'text' && this.goesOn()) return '';
    const before = this.closePart();
    const { text, id, place: outputIndex, content } = this.ensureMessage(start);
    const place = { item_id: id, output_index: outputIndex, content_index: content.length };
    const isText = kind === 'text';
    const type = isText ? 'response.output_text.delta' : 'response.refusal.delta';
    this.deltas = createDeltaWriter(output, type, place, isText ? ',"logprobs":[]' : '');
    this.receivedEnd = undefined;
    this.part = { kind, place, citations: [], annotations: [], base: 0, isOwn: false, logprobs: null };
    const isAdopted = this.adoptedPart === content.length;
    this.adoptedPart = undefined;
    if (isAdopted) return before + text;
    const empty = isText ? textContent('', [], []) : refusalContent('');
    return before + text + output.event('response.content_part.added', { ...place, part: empty });
  }

  /** Whether the previous text ended without an end for the client, so that the next one continues it. */
  private goesOn(): boolean {
    const { part, deltas, receivedEnd } = this;
    if (part === undefined || deltas === undefined || receivedEnd !== undefined) return false;
    if (part.base !== undefined || part.isOwn) return false;
    part.base = deltas.textLength;
    return true;
  }

  delta(text: string): string {
    // After an end that the client has received, more text is a separate part.
    const opening = this.receivedEnd !== undefined && text !== '' ? this.open(this.part?.kind ?? 'text') : '';
    return opening + (this.deltas?.push(this.joined(text)) ?? '');
  }

  /** The text, preceded by what separates it from the one before. */
  private joined(text: string): string {
    const joined = this.texts.join(text);
    if (joined.length > text.length && this.part?.base !== undefined)
      this.part.base += joined.length - text.length;
    return joined;
  }

  /** Text with the log probabilities of its tokens. */
  spelled(text: string, tokens: readonly TokenLogprob[]): string {
    const opening = this.receivedEnd === undefined ? '' : this.open('text');
    const { part } = this;
    if (part === undefined) return opening;
    const logprobs = buildLogprobs(tokens, []);
    part.logprobs ??= [];
    for (const token of logprobs) part.logprobs.push(token);
    return (
      opening + (this.deltas?.pushWith(this.joined(text), `,"logprobs":${JSON.stringify(logprobs)}`) ?? '')
    );
  }

  /** The client has received the end of the open text, and perhaps that of its part. */
  received(end: PartEnd): void {
    if (this.part !== undefined) this.receivedEnd = end;
  }

  cite(citation: Citation): void {
    this.part?.citations.push(citation);
  }

  /** The client already has a message with this id at this place; it is reopened while the encoder catches up. */
  adopt(place: number, id: string, isDone: boolean): void {
    this.adopted ??= [];
    const known = this.adopted.find((each) => each.place === place);
    if (known === undefined) this.adopted.push({ id, place, isDone });
    else known.isDone = isDone;
  }

  /** The message at this place ended without text, so nothing reopens it. */
  skip(place: number): void {
    this.adopted = this.adopted?.filter((each) => each.place !== place) ?? null;
  }

  /** From now on, what opens is new to the client; it continues the last message unless that is complete. */
  caughtUp(): void {
    this.adopted = this.adopted?.filter(({ isDone }) => !isDone) ?? null;
    if (this.message?.isDone === true) this.message = undefined;
  }

  /**
   * The last thing that the client has received is the beginning of the part at this place in the message; undefined: it is something else.
   */
  adoptPart(index: number | undefined): void {
    this.adoptedPart = index;
  }

  /** Ends a text that another may continue; its annotations are sent at once. */
  pause(): string {
    const { part, deltas } = this;
    if (part === undefined || deltas === undefined) return '';
    // What follows an end that the client has is a part of its own.
    return this.receivedEnd === undefined ? this.annotate(part, deltas.textLength) : this.closePart();
  }

  /** Something without an item came: the text after it becomes a separate part instead of continuing the one before. */
  interrupt(): string {
    if (this.part?.base !== undefined) return '';
    this.texts.setApart();
    return this.closePart();
  }

  closePart(): string {
    const { part, message, output, deltas, receivedEnd } = this;
    if (part === undefined || message === undefined || deltas === undefined) return '';
    const { kind, place } = part;
    this.part = undefined;
    this.deltas = undefined;
    this.receivedEnd = undefined;
    const text = deltas.json();
    if (kind === 'refusal') {
      const content = jsonAround(refusalContent(KEPT), text);
      message.content.push(content);
      return (
        output.event('response.refusal.done', { ...place, refusal: KEPT }, text) +
        output.event('response.content_part.done', { ...place, part: KEPT }, content)
      );
    }
    const logprobs = part.logprobs ?? [];
    let wire = this.annotate(part, deltas.textLength);
    const content = jsonAround(textContent(KEPT, part.annotations, logprobs), text);
    message.content.push(content);
    if (receivedEnd === 'part') return wire;
    if (receivedEnd === undefined)
      wire += output.event('response.output_text.done', { ...place, text: KEPT, logprobs }, text);
    return wire + output.event('response.content_part.done', { ...place, part: KEPT }, content);
  }

  /** Ends the open message, if any. */
  close(status: ItemStatus): string {
    const before = this.closePart();
    const { message } = this;
    if (message === undefined) return before;
    this.texts = new TextJoiner();
    this.message = undefined;
    if (message.isDone) return before;
    const item = messageItem(message.id, status, [KEPT], message.start);
    return before + this.output.done(message.place, item, message.content.join(','));
  }

  private ensureMessage(start: MessageStart | undefined): OpenMessage & { text: string } {
    const { message, output } = this;
    if (message !== undefined) return { text: '', ...message };
    const adopted = this.adopted?.shift();
    if (adopted !== undefined) {
      this.message = { ...adopted, start, content: [] };
      return { text: '', ...this.message };
    }
    const place = output.place();
    const id = itemId('msg', this.requestId, place);
    this.message = { id, place, isDone: false, start, content: [] };
    return { text: output.added(place, messageItem(id, 'in_progress', [], start)), ...this.message };
  }

  /** Ends the open text of a part, if any, with an event for each of its citations, which the part also lists. */
  private annotate(part: OpenPart, length: number): string {
    const { place, citations, annotations, base } = part;
    if (base === undefined) return '';
    part.base = undefined;
    part.citations = [];
    let wire = '';
    for (const citation of citations) {
      const annotation = buildAnnotation(citation, length - base, base);
      if (annotation === undefined) {
        this.losses.lost('citations');
        continue;
      }
      if (isOwn(citation)) part.isOwn = true;
      this.losses.citation(citation, ANNOTATED);
      const fields = { ...place, annotation_index: annotations.length, annotation };
      wire += this.output.event('response.output_text.annotation.added', fields);
      annotations.push(annotation);
    }
    return wire;
  }
}
