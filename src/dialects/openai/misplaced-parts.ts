// Parts of a model's answer that stand in a turn of the user: Gemini's clients may leave out whose turn it is, and OpenAI's dialects have
// no place for such parts.
import type { ReasoningPart, ServerToolResultPart, ToolCallPart } from '../../model/content.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';

export function reportMisplaced(
  part: ReasoningPart | ToolCallPart | ServerToolResultPart,
  losses: LossReport,
): void {
  if (part.type === 'reasoning') losses.lost('reasoning', MISPLACED);
  else if (part.type === 'server-tool-result') losses.lost('server_tool_result', MISPLACED);
  else losses.lost(part.kind === 'server' ? `tools.${part.name}` : 'tool_calls', MISPLACED);
}

const MISPLACED = "it belongs to the model's turns, and stands in the user's";
