// `status` and `incomplete_details.reason` ↔ unified finish.
import type { Finish, UnifiedFinish } from '../../model/finish.ts';
import { asObject, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import { table } from '../../model/table.ts';

const INCOMPLETE: Record<string, UnifiedFinish> = table({
  max_output_tokens: 'max_tokens',
  max_tokens: 'max_tokens',
  content_filter: 'refusal',
});

/** @param sawToolCall whether the client is to run a tool, for which the dialect has no reason of its own. */
export function parseFinish(response: JsonObject, sawToolCall: boolean): Finish {
  const status = asString(response.status) ?? null;
  const reason = asString(asObject(response.incomplete_details)?.reason);
  if (status === 'incomplete' || (status === null && reason !== undefined)) {
    const unified = INCOMPLETE[reason ?? ''];
    // Whatever stopped the answer (`max_messages`, or a reason still unknown), it is not complete.
    return {
      unified: unified ?? 'max_tokens',
      raw: reason ?? status,
      ...(unified === undefined && { isCut: true }),
    };
  }
  return { unified: sawToolCall ? 'tool_use' : 'end_turn', raw: status };
}

/** The status of an answer that is still being made in the background. One with usage is done: some servers never update the status. */
export function pendingStatus({ status, usage }: JsonObject): string | undefined {
  const isBegun = status === 'queued' || status === 'in_progress';
  return isBegun && !isObject(usage) ? status : undefined;
}

interface WireFinish {
  status: 'completed' | 'incomplete';
  /** `incomplete_details`. */
  details: { reason: 'max_output_tokens' | 'content_filter' } | null;
}

const INCOMPLETE_REASON: Partial<Record<UnifiedFinish, 'max_output_tokens' | 'content_filter'>> = {
  max_tokens: 'max_output_tokens',
  context_window_exceeded: 'max_output_tokens',
  refusal: 'content_filter',
};

export function buildFinish(finish: Finish): WireFinish {
  const reason = INCOMPLETE_REASON[finish.unified];
  if (reason === undefined) return { status: 'completed', details: null };
  return { status: 'incomplete', details: { reason } };
}
