// Reads a recorded answer straight from its bytes, knowing nothing of the decoder: the yardstick for it. What a
// stream said is what its terminal repeats, or its finished items where the terminal repeats none.
import type { JsonObject } from '../../../src/model/json/json.ts';
import { dataLines } from '../../support/data-lines.ts';

/** What the fold looks at; everything may be missing. */
interface RecordedEvent {
  type?: string;
  item?: RecordedItem;
  output_index?: number;
  error?: unknown;
  response?: RecordedResponse;
}

export interface RecordedResponse {
  id?: string;
  model?: string;
  status?: string;
  error?: { code?: string; message?: string } | null;
  incomplete_details?: { reason: string } | null;
  output?: RecordedItem[];
  usage?: JsonObject | null;
}

interface RecordedItem {
  type: string;
  id?: string;
  call_id?: string;
  name?: string;
  arguments?: unknown;
  input?: string;
  encrypted_content?: string | null;
  result?: string;
  content?: { type: string; text?: string; refusal?: string; annotations?: unknown[] }[] | null;
  summary?: { text: string }[];
}

export interface Folded {
  text: string;
  refusal: string;
  reasoning: string[];
  encrypted: string[];
  calls: { id: string; name: string; text: string; kind: 'function' | 'custom' }[];
  annotations: unknown[];
  /** Types of the items that are neither message, reasoning nor a call that the client answers. */
  hosted: string[];
  finish: string | null;
  usage: JsonObject | null;
  id: string | null;
  model: string | null;
  hasError: boolean;
}

export function foldStream(body: Uint8Array): Folded {
  const events = dataLines(body)
    .filter((payload) => payload !== '[DONE]')
    .map((payload) => JSON.parse(payload) as RecordedEvent);
  const last = events.findIndex(({ type }) => /^response\.(completed|incomplete|failed)$/.test(type ?? ''));
  const answered = events.slice(0, last + 1);
  const response = answered.at(-1)?.response ?? {};
  const finished: RecordedItem[] = [];
  for (const { type, item, output_index: place } of answered) {
    if (type === 'response.output_item.done' && item !== undefined && place !== undefined)
      finished[place] = item;
  }
  const repeated = response.output ?? [];
  const folded = foldResponse({ ...response, output: repeated.length > 0 ? repeated : finished });
  // Tokens are encrypted anew each time: the decoder takes the item's own, which comes first.
  folded.encrypted = encryptedOf(finished.length > 0 ? finished : repeated);
  folded.hasError = answered.some((event) => event.type === 'error' || event.type === 'response.failed');
  // The first event names the response; later ones repeat it, except where a source hid the ids.
  folded.id = events[0]?.response?.id ?? folded.id;
  return folded;
}

export function foldResponse(response: RecordedResponse): Folded {
  const output = response.output ?? [];
  const contents = output.flatMap((item) => (item.type === 'message' ? (item.content ?? []) : []));
  const summaries = output.filter((item) => item.type === 'reasoning').map(reasoningOf);
  return {
    text: contents.map((part) => (part.type === 'output_text' ? part.text : '')).join(''),
    refusal: contents.map((part) => part.refusal ?? '').join(''),
    reasoning: summaries.filter((text) => text !== ''),
    encrypted: encryptedOf(output),
    calls: output.flatMap(callOf),
    annotations: contents.flatMap((part) => part.annotations ?? []),
    hosted: output
      .map((item) => item.type)
      .filter((type) => !['message', 'reasoning', 'function_call', 'custom_tool_call'].includes(type)),
    finish: response.incomplete_details?.reason ?? response.status ?? null,
    usage: response.usage ?? null,
    id: response.id ?? null,
    model: response.model ?? null,
    hasError: response.status === 'failed',
  };
}

function encryptedOf(items: readonly RecordedItem[]): string[] {
  return items.flatMap((item) =>
    item.type === 'reasoning' && item.encrypted_content ? [item.encrypted_content] : [],
  );
}

function reasoningOf(item: RecordedItem): string {
  const summary = (item.summary ?? []).map((part) => part.text).join('\n\n');
  return summary || (item.content ?? []).map((part) => part.text ?? '').join('');
}

function callOf(item: RecordedItem): Folded['calls'] {
  const { call_id: id = '', name = '' } = item;
  if (item.type === 'function_call') return [{ id, name, text: String(item.arguments), kind: 'function' }];
  return item.type === 'custom_tool_call' ? [{ id, name, text: item.input ?? '', kind: 'custom' }] : [];
}
