// The encoder's message items. Texts and refusals in a row are the parts of one message, which ends when
// something else begins: clients show each message as a thing of its own.
import type { Citation } from '../../model/content.ts';
import type { JsonObject } from '../../model/json.ts';
import type { AnswerLosses } from '../answer-losses.ts';
import { buildAnnotation } from './annotations.ts';
import { createDeltaWriter, type DeltaWriter, type OutputWriter } from './encode-output.ts';
import { type ItemStatus, itemId, messageItem, refusalContent, textContent } from './output-item.ts';

export interface MessageWriter {
  open(kind: 'text' | 'refusal'): string;
  delta(text: string): string;
  cite(citation: Citation): void;
  closePart(): string;
  /** Ends the message, where one is open. */
  close(status: ItemStatus): string;
}

interface OpenPart {
  kind: 'text' | 'refusal';
  place: JsonObject;
  deltas: DeltaWriter;
  citations: Citation[];
}

export function createMessageWriter(
  output: OutputWriter,
  requestId: string,
  losses: AnswerLosses,
): MessageWriter {
  let message: { id: string; place: number; content: JsonObject[] } | undefined;
  let part: OpenPart | undefined;

  function ensureMessage(): { text: string; id: string; place: number; content: JsonObject[] } {
    if (message !== undefined) return { text: '', ...message };
    const place = output.place();
    message = { id: itemId('msg', requestId, place), place, content: [] };
    const text = output.added(place, messageItem(message.id, 'in_progress', []));
    return { text, ...message };
  }

  function closePart(): string {
    if (part === undefined || message === undefined) return '';
    const { kind, place, deltas, citations } = part;
    part = undefined;
    const text = deltas.text();
    if (kind === 'refusal') {
      const content = refusalContent(text);
      message.content.push(content);
      return (
        output.event('response.refusal.done', { ...place, refusal: text }) +
        output.event('response.content_part.done', { ...place, part: content })
      );
    }
    let wire = '';
    const annotations: JsonObject[] = [];
    for (const citation of citations) {
      const annotation = buildAnnotation(citation, text.length);
      if (annotation === undefined) {
        losses.lost('citations');
        continue;
      }
      const fields = { ...place, annotation_index: annotations.length, annotation };
      wire += output.event('response.output_text.annotation.added', fields);
      annotations.push(annotation);
    }
    const content = textContent(text, annotations);
    message.content.push(content);
    wire += output.event('response.output_text.done', { ...place, text, logprobs: [] });
    return wire + output.event('response.content_part.done', { ...place, part: content });
  }

  return {
    open(kind) {
      const before = closePart();
      const { text, id, place: outputIndex, content } = ensureMessage();
      const place = { item_id: id, output_index: outputIndex, content_index: content.length };
      const isText = kind === 'text';
      const type = isText ? 'response.output_text.delta' : 'response.refusal.delta';
      const deltas = createDeltaWriter(output, type, place, isText ? ',"logprobs":[]' : '');
      part = { kind, place, deltas, citations: [] };
      const empty = isText ? textContent('', []) : refusalContent('');
      return before + text + output.event('response.content_part.added', { ...place, part: empty });
    },
    delta: (text) => part?.deltas.push(text) ?? '',
    cite(citation) {
      part?.citations.push(citation);
    },
    closePart,
    close(status) {
      const before = closePart();
      if (message === undefined) return before;
      const { id, place, content } = message;
      message = undefined;
      return before + output.done(place, messageItem(id, status, content));
    },
  };
}
