// The encoder's message items. Texts and refusals in a row are the parts of one message, which ends when
// something else begins: clients show each message as a thing of its own.
import type { Citation } from '../../model/content.ts';
import type { JsonObject } from '../../model/json.ts';
import type { AnswerLosses } from '../answer-losses.ts';
import { buildAnnotation } from './annotations.ts';
import { createDeltaWriter, type DeltaWriter, jsonAround, KEPT, type OutputWriter } from './encode-output.ts';
import { type ItemStatus, itemId, messageItem, refusalContent, textContent } from './output-item.ts';

export interface MessageWriter {
  open(kind: 'text' | 'refusal'): string;
  delta(text: string): string;
  cite(citation: Citation): void;
  /** The client has a message at this place, under this id, perhaps whole: the next one that is opened is it. */
  adopt(place: number, id: string, isDone: boolean): void;
  /** The client has been told the end of the text that is open, and perhaps of the part around it. */
  told(end: PartEnd): void;
  closePart(): string;
  /** Ends the message, where one is open. */
  close(status: ItemStatus): string;
}

export type PartEnd = 'text' | 'part';

interface OpenPart {
  kind: 'text' | 'refusal';
  place: JsonObject;
  deltas: DeltaWriter;
  citations: Citation[];
  told?: PartEnd;
}

export function createMessageWriter(
  output: OutputWriter,
  requestId: string,
  losses: AnswerLosses,
): MessageWriter {
  /** `content`: JSON of its parts. */
  let message: { id: string; place: number; content: string[] } | undefined;
  let part: OpenPart | undefined;
  let adopted: { place: number; id: string } | undefined;
  /** The place of a message whose end the client has. */
  let done: number | undefined;

  function ensureMessage(): { text: string; id: string; place: number; content: string[] } {
    if (message !== undefined && message.place !== done) return { text: '', ...message };
    const place = adopted?.place ?? output.place();
    message = { id: adopted?.id ?? itemId('msg', requestId, place), place, content: [] };
    adopted = undefined;
    const text = output.added(place, messageItem(message.id, 'in_progress', []));
    return { text, ...message };
  }

  function closePart(): string {
    if (part === undefined || message === undefined) return '';
    const { kind, place, deltas, citations, told } = part;
    part = undefined;
    const text = deltas.json();
    if (kind === 'refusal') {
      const content = jsonAround(refusalContent(KEPT), text);
      message.content.push(content);
      return (
        output.event('response.refusal.done', { ...place, refusal: KEPT }, text) +
        output.event('response.content_part.done', { ...place, part: KEPT }, content)
      );
    }
    let wire = '';
    const annotations: JsonObject[] = [];
    for (const citation of citations) {
      const annotation = buildAnnotation(citation, deltas.length);
      if (annotation === undefined) {
        losses.lost('citations');
        continue;
      }
      const fields = { ...place, annotation_index: annotations.length, annotation };
      wire += output.event('response.output_text.annotation.added', fields);
      annotations.push(annotation);
    }
    const content = jsonAround(textContent(KEPT, annotations), text);
    message.content.push(content);
    if (told === 'part') return wire;
    if (told === undefined)
      wire += output.event('response.output_text.done', { ...place, text: KEPT, logprobs: [] }, text);
    return wire + output.event('response.content_part.done', { ...place, part: KEPT }, content);
  }

  function open(kind: 'text' | 'refusal'): string {
    const before = closePart();
    const { text, id, place: outputIndex, content } = ensureMessage();
    const place = { item_id: id, output_index: outputIndex, content_index: content.length };
    const isText = kind === 'text';
    const type = isText ? 'response.output_text.delta' : 'response.refusal.delta';
    const deltas = createDeltaWriter(output, type, place, isText ? ',"logprobs":[]' : '');
    part = { kind, place, deltas, citations: [] };
    const empty = isText ? textContent('', []) : refusalContent('');
    return before + text + output.event('response.content_part.added', { ...place, part: empty });
  }

  return {
    open,
    delta(text) {
      // Behind an end that the client has been told of, more is a part of its own.
      const anew = part?.told !== undefined && text !== '' ? open(part.kind) : '';
      return anew + (part?.deltas.push(text) ?? '');
    },
    told(end) {
      if (part !== undefined) part.told = end;
    },
    cite(citation) {
      part?.citations.push(citation);
    },
    adopt(place, id, isDone) {
      adopted = { place, id };
      if (isDone) done = place;
    },
    closePart,
    close(status) {
      const before = closePart();
      if (message === undefined) return before;
      const { id, place, content } = message;
      message = undefined;
      if (place === done) return before;
      return before + output.done(place, messageItem(id, status, [KEPT]), content.join(','));
    },
  };
}
