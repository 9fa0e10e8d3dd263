// A response as the openai SDK hands it over → Answer. `finish` is the reason of an incomplete one, else its status.
import type { ResponseStreamEvent, Response as SdkResponse } from 'openai/resources/responses/responses';
import {
  type Answer,
  type Counts,
  emptyAnswer,
  NO_COUNTS,
  parseArguments,
  splitCallId,
  unsealed,
} from './answer.ts';

/** An output item, whichever server wrote it: everything may be missing. */
interface LooseItem {
  type: string;
  call_id?: string;
  name?: string;
  arguments?: unknown;
  input?: string;
  encrypted_content?: string | null;
  content?: { type: string; text?: string; refusal?: string }[] | null;
  summary?: { text: string }[] | null;
}

interface LooseResponse {
  status?: string | null;
  incomplete_details?: { reason?: string } | null;
  output?: LooseItem[] | null;
  usage?: {
    input_tokens?: number;
    input_tokens_details?: { cached_tokens?: number; cache_write_tokens?: number } | null;
    output_tokens?: number;
    output_tokens_details?: { reasoning_tokens?: number } | null;
  } | null;
}

export function readResponse(response: SdkResponse): Answer {
  return readLoose(response as unknown as LooseResponse);
}

/**
 * Events as they came. Some servers repeat no output in the terminal, and tokens in it are encrypted anew: the
 * finished items come first.
 */
export function foldEvents(events: readonly ResponseStreamEvent[]): Answer {
  const items: LooseItem[] = [];
  let last: LooseResponse = {};
  for (const event of events) {
    if (event.type === 'response.output_item.done') {
      items[event.output_index] = event.item as unknown as LooseItem;
    } else if (/^response.(completed|incomplete|failed)$/.test(event.type) && 'response' in event) {
      last = event.response as unknown as LooseResponse;
      break;
    }
  }
  return readLoose({ ...last, output: items.flat() });
}

function readLoose(response: LooseResponse): Answer {
  const answer: Answer = {
    ...emptyAnswer(),
    finish: response.incomplete_details?.reason ?? response.status ?? null,
    usage: readUsage(response.usage),
  };
  for (const item of response.output ?? []) addItem(answer, item);
  return answer;
}

function addItem(answer: Answer, item: LooseItem): void {
  if (item.type === 'message') {
    for (const part of item.content ?? []) {
      if (part.type === 'output_text') answer.text += part.text ?? '';
      answer.refusal += part.refusal ?? '';
    }
  } else if (item.type === 'reasoning') {
    const summary = (item.summary ?? []).map((part) => part.text).join('\n\n');
    answer.reasoning += summary || (item.content ?? []).map((part) => part.text ?? '').join('');
    const seal = unsealed(item.encrypted_content ?? '');
    if (seal !== '') answer.seals.push(seal);
  } else if (item.type === 'function_call') {
    const text = typeof item.arguments === 'string' ? item.arguments : JSON.stringify(item.arguments ?? {});
    const { id, seals } = splitCallId(item.call_id ?? '');
    answer.seals.push(...seals);
    answer.calls.push({ id, name: item.name ?? '', arguments: parseArguments(text) });
  } else if (item.type === 'custom_tool_call') {
    answer.calls.push({
      id: item.call_id ?? '',
      name: item.name ?? '',
      arguments: { input: item.input ?? '' },
    });
  }
}

/** Cached tokens are part of `input_tokens` in this format, and reasoning part of `output_tokens`. */
function readUsage(usage: LooseResponse['usage']): Counts | null {
  // A whole response states zeros where nothing is known.
  if (!usage?.input_tokens && !usage?.output_tokens) return null;
  const cacheRead = usage.input_tokens_details?.cached_tokens ?? 0;
  const cacheWrite = usage.input_tokens_details?.cache_write_tokens ?? 0;
  return {
    ...NO_COUNTS,
    input: (usage.input_tokens ?? 0) - cacheRead - cacheWrite,
    cacheRead,
    cacheWrite,
    output: usage.output_tokens ?? 0,
    reasoning: usage.output_tokens_details?.reasoning_tokens ?? 0,
  };
}
