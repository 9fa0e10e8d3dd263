// The encoder's reasoning items: readable text as one summary part, the token as encrypted content.
import type { ReasoningPart } from '../../model/content.ts';
import type { JsonObject } from '../../model/json.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import { createDeltaWriter, type DeltaWriter, KEPT, type OutputWriter } from './encode-output.ts';
import { itemId } from './output-item.ts';
import { buildReasoningOutput } from './reasoning.ts';

export interface ReasoningWriter {
  open(redacted: OpaqueToken | undefined): void;
  delta(text: string): string;
  sign(signature: OpaqueToken): void;
  close(): string;
}

interface OpenReasoning {
  part: ReasoningPart;
  /** The item, told with its first text. */
  told?: { id: string; outputIndex: number; place: JsonObject; deltas: DeltaWriter };
}

const SUMMARY = 'response.reasoning_summary';

export function createReasoningWriter(output: OutputWriter, requestId: string): ReasoningWriter {
  let open: OpenReasoning | undefined;

  function tell(): { wire: string; deltas: DeltaWriter } {
    const outputIndex = output.place();
    const id = itemId('rs', requestId, outputIndex);
    const place = { item_id: id, output_index: outputIndex, summary_index: 0 };
    const deltas = createDeltaWriter(output, `${SUMMARY}_text.delta`, place);
    if (open !== undefined) open.told = { id, outputIndex, place, deltas };
    const item = { id, type: 'reasoning', summary: [] };
    const part = { type: 'summary_text', text: '' };
    const wire = output.added(outputIndex, item) + output.event(`${SUMMARY}_part.added`, { ...place, part });
    return { wire, deltas };
  }

  return {
    open(redacted) {
      open = { part: { type: 'reasoning', text: '', ...(redacted !== undefined && { redacted }) } };
    },
    delta(text) {
      if (open === undefined || text === '') return '';
      if (open.told !== undefined) return open.told.deltas.push(text);
      const { wire, deltas } = tell();
      return wire + deltas.push(text);
    },
    sign(signature) {
      if (open !== undefined) open.part.signature = signature;
    },
    close() {
      if (open === undefined) return '';
      const { part, told } = open;
      open = undefined;
      if (told === undefined) return wholeItem(part);
      const { id, outputIndex, place, deltas } = told;
      const text = deltas.json();
      const said = { type: 'summary_text', text: KEPT };
      return (
        output.event(`${SUMMARY}_text.done`, { ...place, text: KEPT }, text) +
        output.event(`${SUMMARY}_part.done`, { ...place, part: said }, text) +
        // The id was told before the token could bring the provider's own.
        output.done(outputIndex, { ...buildReasoningOutput({ ...part, text: KEPT }, id), id }, text)
      );
    },
  };

  /** Reasoning that only its provider can read; nothing at all is no item. */
  function wholeItem(part: ReasoningPart): string {
    if (part.signature === undefined && part.redacted === undefined) return '';
    const outputIndex = output.place();
    const item = buildReasoningOutput(part, itemId('rs', requestId, outputIndex));
    const { encrypted_content: _, ...begun } = item;
    return output.added(outputIndex, begun) + output.done(outputIndex, item);
  }
}
