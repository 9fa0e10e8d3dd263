// What changes if client and provider both speak this dialect: the provider's quirks apply, and token counts are requested, but hidden from
// a client that did not request them.
import type { HeaderReader } from '../../model/headers.ts';
import { asArray, asNumber, asObject, type JsonObject, parseObject } from '../../model/json/json.ts';
import type { Passthrough } from '../dialect.ts';
import { isOpenRouters } from '../openai/openrouter-clients.ts';
import type { Quirks } from '../quirks.ts';
import { LossReport } from '../shared/losses/loss-report.ts';
import { adaptBody, type Edits } from './adapt.ts';
import { saysOthers } from './others-words.ts';
import { ID } from './wire.ts';

export const passthrough: Passthrough = {
  edits(body, quirks) {
    const edits = adaptBody(body, quirks, new LossReport(ID));
    askForUsage(body, edits, quirks);
    return edits;
  },
  taking(body, quirks) {
    const turns = (asArray(body.messages) ?? []).map(asObject);
    const says = (field: string) => turns.some((turn) => turn?.[field] !== undefined && turn[field] !== null);
    const text = JSON.stringify(body);
    return {
      ...quirks,
      textFiles: true,
      ...(text.includes('"document_url":') && { documentUrls: true }),
      ...(text.includes('cache_control":') && { cacheControl: true }),
      ...(body.top_k !== undefined && { extraFields: ['top_k'] }),
      ...((says('reasoning_content') || says('reasoning')) && { replaysReasoning: true }),
      ...(says('reasoning_details') && { replaysReasoningDetails: true }),
    };
  },
  losses(body, quirks) {
    const losses = new LossReport(ID);
    adaptBody(body, quirks, losses);
    return losses.list();
  },
  refuses: saysOthers,
  alternatives: ({ n }) => asNumber(n) ?? 1,
  hides: hidesUsage,
};

/** Adds to `edits` the request for token counts within the stream. */
export function askForUsage(body: JsonObject, edits: Edits, quirks: Quirks): void {
  if (quirks.streamOptions === false) {
    // Such a server sends the counts unasked.
    if (body.stream_options !== undefined) edits.stream_options = undefined;
  } else if (mustAsk(body, quirks)) {
    edits.stream_options = { ...asObject(body.stream_options), include_usage: true };
  }
}

/** True for the event with the counts, if the client did not request them. */
export function hidesUsage(
  body: JsonObject,
  quirks: Quirks,
  headers?: HeaderReader,
): ReturnType<NonNullable<Passthrough['hides']>> {
  // OpenRouter's clients request them in this way, or not at all, even from other vendors' servers.
  const isTaken = asObject(body.usage)?.include === true || isOpenRouters(headers);
  if (!mustAsk(body, quirks) || isTaken) return undefined;
  return (event) => {
    // A cheap check first: every other chunk may have `usage: null`, so the check is for missing choices.
    if (!NO_CHOICES.test(event.data) || !event.data.includes('"usage"')) return false;
    const chunk = parseObject(event.data);
    if (chunk === undefined || !Array.isArray(chunk.choices) || chunk.choices.length > 0) return false;
    return asObject(chunk.usage) !== undefined;
  };
}

const NO_CHOICES = /"choices"\s*:\s*\[\s*\]/;

function mustAsk(body: JsonObject, quirks: Quirks): boolean {
  if (body.stream !== true || quirks.streamOptions === false) return false;
  return asObject(body.stream_options)?.include_usage !== true;
}
