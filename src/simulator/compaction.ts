// The simulated summary of a conversation: what the user said, and one item that only the simulator can read.
import type { ClientSummaries } from '../dialects/operations.ts';
import { buildUsage } from '../dialects/openai-responses/usage.ts';
import type { OpaquePart } from '../model/content.ts';
import type { DialectId } from '../model/dialect-id.ts';
import { asArray, isObject, type JsonObject, type JsonValue } from '../model/json/json.ts';
import type { NeutralRequest } from '../model/request.ts';
import { NO_USAGE } from '../model/usage.ts';
import type { Plan } from './plan.ts';
import { countInput } from './token-count.ts';

/** The plan of an answer that is a summary of the conversation, for clients that ask for one in this way. */
export function planSummary(
  plan: Plan,
  request: NeutralRequest,
  summaries: ClientSummaries,
  dialect: DialectId,
): Plan {
  const text = `A summary of ${request.messages.length} turns.`;
  const part: OpaquePart = { type: 'opaque', dialect, ...summaries.buildPart(text, plan.id) };
  return {
    ...plan,
    blocks: [{ draft: { type: 'summary', text: '', part }, pieces: [] }],
    finish: summaries.finish ?? { unified: 'end_turn', raw: null },
    usage: { ...plan.usage, outputTokens: SUMMARY_TOKENS, reasoningTokens: 0 },
  };
}

/** Tokens counted for the summary itself. */
const SUMMARY_TOKENS = 8;

/** The answer as JSON text. `created`: Unix time in seconds. */
export function compactionOf(
  body: JsonObject,
  request: NeutralRequest,
  { requestId, created }: { requestId: string; created: number },
): string {
  const summary = `sluice-simulator:${request.messages.length} turns`;
  const output = [
    ...userMessages(body.input),
    { id: `cmp_${requestId}`, type: 'compaction', encrypted_content: btoa(summary) },
  ];
  const usage = buildUsage({ ...NO_USAGE, ...countInput(request), outputTokens: SUMMARY_TOKENS });
  return JSON.stringify({ id: requestId, object: 'response.compaction', created_at: created, output, usage });
}

function userMessages(input: JsonValue | undefined): JsonValue[] {
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : (asArray(input) ?? []);
  return items.flatMap((item) =>
    isObject(item) && item.role === 'user' ? [{ type: 'message', ...item }] : [],
  );
}
