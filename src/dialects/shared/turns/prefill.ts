// An assistant turn that ends a conversation: some providers continue it, others begin a new answer.
import type { JsonObject } from '../../../model/json/json.ts';
import type { NeutralRequest } from '../../../model/request.ts';
import type { LossReport } from '../losses/loss-report.ts';

/** The name of such a turn in loss reports. */
export const PREFILL = 'messages.prefill';

/** The text of that turn; undefined if the conversation ends otherwise, or with a call. */
export function prefillOf({ messages }: NeutralRequest): string | undefined {
  const last = messages.at(-1);
  if (last?.role !== 'assistant' || last.parts.some(({ type }) => type === 'tool-call')) return undefined;
  const text = last.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  return text.trim() === '' ? undefined : text;
}

/** For providers that do not continue the turn. */
export function reportPrefill(request: NeutralRequest, losses: LossReport): void {
  report(request, losses, 'the model reads the last turn but does not continue it: its answer starts afresh');
}

/** For providers of which that is unknown. */
export function reportUnknownPrefill(request: NeutralRequest, losses: LossReport): void {
  report(
    request,
    losses,
    'it is not known whether the server continues the last turn or starts its answer afresh',
  );
}

/**
 * The text of a user turn to add after it, for models that refuse an assistant turn at the end, as their vendors advise; reports the loss:
 * https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-6#prefill-removal,
 * https://ai.google.dev/gemini-api/docs/generate-content/whats-new-gemini-3.6
 */
export function promptToContinue(losses: LossReport): string {
  losses.approximated(
    PREFILL,
    'the model does not accept a last turn of its own: a user turn asks it to continue',
  );
  return 'Continue your last message exactly where it ends. Do not repeat any of it.';
}

/**
 * Removes trailing white space, in which a final turn may not end.
 * @param block the last text block of that turn.
 */
export function trimPrefill(block: JsonObject | undefined, losses: LossReport): void {
  if (typeof block?.text !== 'string' || block.text === block.text.trimEnd()) return;
  block.text = block.text.trimEnd();
  losses.approximated('messages', 'white space at the end of the last turn is removed');
}

function report(request: NeutralRequest, losses: LossReport, how: string): void {
  if (prefillOf(request) !== undefined) losses.approximated(PREFILL, how);
}
