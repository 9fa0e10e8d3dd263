// The encoder's reasoning items: readable text as one summary part, the token as encrypted content.
import type { Extension, ReasoningPart } from '../../model/content.ts';
import type { JsonObject } from '../../model/json/json.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import type { AnswerContext } from '../dialect.ts';
import { createDeltaWriter, type DeltaWriter, KEPT, type OutputWriter } from './encode-output.ts';
import { itemId } from './output-item.ts';
import { buildReasoningOutput } from './reasoning.ts';

interface OpenReasoning {
  part: ReasoningPart;
  /** The item, sent with its first text. */
  sent?: SentReasoning;
}

interface SentReasoning {
  id: string;
  outputIndex: number;
  place: JsonObject;
  deltas: DeltaWriter;
}

const NONE: ReasoningPart[] = [];

const SUMMARY = 'response.reasoning_summary';

export class ReasoningWriter {
  private readonly output: OutputWriter;
  private readonly requestId: string;
  private readonly needsStatus: boolean;
  readonly replaysReasoning: true | undefined;
  /** How many items the client already has, which are reopened while the encoder catches up. */
  had = 0;
  private now: OpenReasoning | undefined;
  private readonly holds: boolean;
  /** Signatures without text, which the client gets before another item, since no answer ends with them. */
  private waiting: ReasoningPart[] = NONE;

  constructor(output: OutputWriter, context: AnswerContext) {
    const { requestId, needsStatus, replaysReasoning, showsLastItem } = context;
    this.holds = showsLastItem === true;
    this.output = output;
    this.requestId = requestId;
    this.needsStatus = needsStatus === true;
    this.replaysReasoning = replaysReasoning;
  }

  open(redacted: OpaqueToken | undefined): void {
    if (this.had > 0) {
      this.had--;
      return;
    }
    this.now = { part: { type: 'reasoning', text: '', ...(redacted !== undefined && { redacted }) } };
  }

  delta(text: string): string {
    const { now } = this;
    if (now === undefined || text === '') return '';
    if (now.sent !== undefined) return now.sent.deltas.push(text);
    const { wire, sent } = this.send();
    now.sent = sent;
    return wire + sent.deltas.push(text);
  }

  sign(signature: OpaqueToken): void {
    if (this.now !== undefined) this.now.part.signature = signature;
  }

  /** Adds fields of this dialect's own reasoning to the text; false if none is open. */
  extend(extension: Extension): boolean {
    if (this.now !== undefined) this.now.part.extension = extension;
    return this.now !== undefined;
  }

  close(): string {
    const { now, output } = this;
    if (now === undefined) return '';
    const { part, sent } = now;
    this.now = undefined;
    const isSeal = sent === undefined && (part.signature ?? part.redacted) !== undefined;
    if (isSeal && this.holds && output.nextPlace() > 0) return this.hold(part);
    if (sent === undefined) return this.wholeItem(part);
    const { id, outputIndex, place, deltas } = sent;
    const text = deltas.json();
    const summary = { type: 'summary_text', text: KEPT };
    return (
      output.event(`${SUMMARY}_text.done`, { ...place, text: KEPT }, text) +
      output.event(`${SUMMARY}_part.done`, { ...place, part: summary }, text) +
      // The id was sent before the token could bring the provider's own.
      output.done(outputIndex, { ...this.built({ ...part, text: KEPT }, id), id }, text)
    );
  }

  /** The items that waited for another item, which comes now. */
  release(): string {
    const { waiting } = this;
    if (waiting.length === 0) return '';
    this.waiting = NONE;
    return waiting.map((part) => this.wholeItem(part)).join('');
  }

  /** Whether items still wait, which the client then does not get. */
  isWaiting(): boolean {
    return this.waiting.length > 0;
  }

  private hold(part: ReasoningPart): string {
    this.waiting = [...this.waiting, part];
    return '';
  }

  private send(): { wire: string; sent: SentReasoning } {
    const { output } = this;
    const before = this.release();
    const outputIndex = output.place();
    const id = itemId('rs', this.requestId, outputIndex);
    const place = { item_id: id, output_index: outputIndex, summary_index: 0 };
    const deltas = createDeltaWriter(output, `${SUMMARY}_text.delta`, place);
    const item = { id, type: 'reasoning', summary: [], ...this.begun() };
    const part = { type: 'summary_text', text: '' };
    const begun = output.added(outputIndex, item) + output.event(`${SUMMARY}_part.added`, { ...place, part });
    return { wire: before + begun, sent: { id, outputIndex, place, deltas } };
  }

  private begun(): JsonObject {
    return this.needsStatus ? { status: 'in_progress' } : {};
  }

  private built(part: ReasoningPart, id: string): JsonObject {
    const item = buildReasoningOutput(part, id, this);
    return this.needsStatus ? { ...item, status: 'completed' } : item;
  }

  /** Reasoning that only its provider can read; without any content there is no item. */
  private wholeItem(part: ReasoningPart): string {
    if (part.signature === undefined && part.redacted === undefined) return '';
    const { output } = this;
    const outputIndex = output.place();
    const item = this.built(part, itemId('rs', this.requestId, outputIndex));
    const { encrypted_content: _, ...begun } = item;
    return output.added(outputIndex, { ...begun, ...this.begun() }) + output.done(outputIndex, item);
  }
}
