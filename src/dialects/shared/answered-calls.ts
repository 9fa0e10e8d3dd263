// Calls that the provider ran, which are told together with what they returned: in forms that have one item for both, or in which a
// result does not say what it answers.
import type { ServerToolResultPart, ToolCallPart } from '../../model/content.ts';

export class AnsweredCalls {
  private readonly open = new Map<string, ToolCallPart>();

  /** Nothing is told of the call before its result. */
  add(call: ToolCallPart): void {
    this.open.set(call.id, call);
  }

  /** The call that the result answers, if it is one of these and what it returned has a neutral form. */
  answered({ callId, output }: ServerToolResultPart): ToolCallPart | undefined {
    const call = output === undefined ? undefined : this.open.get(callId);
    if (call !== undefined) this.open.delete(callId);
    return call;
  }

  /** Those that no result came for. */
  unanswered(): Iterable<ToolCallPart> {
    return this.open.values();
  }
}
