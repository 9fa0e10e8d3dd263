// Calls that the provider ran, and that became an item together with what they returned, or become one.
import type { ServerToolResultPart, ToolCallPart } from '../../model/content.ts';
import type { JsonObject } from '../../model/json/json.ts';
import { AnsweredCalls } from '../shared/answered-calls.ts';
import { reportUntold } from '../shared/code-execution.ts';
import type { AnswerLosses } from '../shared/losses/answer-losses.ts';
import { codeItem } from './code-interpreter.ts';
import { mcpCallItem } from './mcp.ts';
import { ID } from './wire.ts';

export class HostedCalls {
  private readonly calls = new AnsweredCalls();

  /** Whether the call is such a one, of which nothing is sent before its result. */
  takes(call: ToolCallPart): boolean {
    if (call.mcpServer === undefined && call.runsCode !== true) return false;
    this.calls.add(call);
    return true;
  }

  /** The call that the result answers, and their item. */
  answered(result: ServerToolResultPart): { call: ToolCallPart; item: JsonObject } | undefined {
    const { dialect, value, output } = result;
    const call = this.calls.answered(result);
    if (call === undefined || output === undefined) return undefined;
    if (dialect === ID) return { call, item: value };
    return { call, item: call.runsCode === true ? codeItem(call, output) : mcpCallItem(call, output) };
  }

  /** Those that no result came for. */
  unanswered(): Iterable<ToolCallPart> {
    return this.calls.unanswered();
  }
}

/** Names what is lost of a call that became an item. */
export function reportRun(
  call: ToolCallPart,
  { dialect, output }: ServerToolResultPart,
  losses: AnswerLosses,
): void {
  losses.serverCall(call, true);
  if (dialect === ID) return;
  if (call.signature !== undefined) losses.lost('thought_signature');
  if (output !== undefined) reportUntold(call, output, true, losses);
}
