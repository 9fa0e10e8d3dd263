// Code that a provider ran in an earlier turn, as text, for one that cannot be sent it back. OpenAI takes back only the runs of its own
// places, while they last (https://github.com/pydantic/pydantic-ai/issues/7461), Anthropic those with ids of its own.
import type { Part, ServerToolOutput, ToolCallPart } from '../../model/content.ts';
import type { NeutralRequest } from '../../model/request.ts';
import { codeOf, reportUntold } from './code-execution.ts';
import type { LossReport } from './losses/loss-report.ts';
import { GIVEN_AS_TEXT } from './losses/substitutes.ts';

/**
 * The same request where there is nothing to tell.
 * @param keeps whether the call can be sent back as one; left out: none. Those without a result stay, which is for others to report.
 */
export function codeInWords(
  request: NeutralRequest,
  losses: LossReport,
  keeps: (call: ToolCallPart) => boolean = () => false,
): NeutralRequest {
  const { messages } = request;
  const isRun = (part: Part): part is ToolCallPart =>
    part.type === 'tool-call' && part.runsCode === true && !keeps(part);
  if (!messages.some(({ parts }) => parts.some(isRun))) return request;
  const told = messages.map((message) => {
    const calls = new Map(message.parts.filter(isRun).map((call) => [call.id, call]));
    return calls.size === 0 ? message : { ...message, parts: inWords(message.parts, calls, losses) };
  });
  return { ...request, messages: told };
}

/** As loss reports call it. */
export function earlierRun(name: string): string {
  return `assistant.${name}`;
}

function inWords(
  parts: readonly Part[],
  calls: ReadonlyMap<string, ToolCallPart>,
  losses: LossReport,
): Part[] {
  const told = new Map<Part, string>();
  const answered = new Set<Part>();
  for (const part of parts) {
    const call = part.type === 'server-tool-result' ? calls.get(part.callId) : undefined;
    if (part.type !== 'server-tool-result' || part.output === undefined || call === undefined) continue;
    told.set(part, runInWords(codeOf(call), part.output));
    answered.add(call);
    losses.approximated(earlierRun(call.name), GIVEN_AS_TEXT);
    reportUntold(call, part.output, false, losses);
  }
  const kept = parts.filter((part) => !answered.has(part));
  const says = (part: Part) => told.has(part) || part.type === 'text';
  return kept.map((part, at): Part => {
    const text = told.get(part);
    if (text === undefined) return part;
    // Some dialects join the texts of a turn, whatever is between. Two runs have one gap, behind the first.
    const last = kept.slice(0, at).findLast(says);
    const next = kept.slice(at + 1).find(says);
    const before = /\S$/.test(textOf(last)) ? GAP : '';
    const behind = /^\S/.test((next && told.get(next)) ?? textOf(next)) ? GAP : '';
    return { type: 'text', text: before + text + behind };
  });
}

const GAP = '\n\n';

function textOf(part: Part | undefined): string {
  return part?.type === 'text' ? part.text : '';
}

/** What a model reads of it. That the place is gone keeps it from looking for what it stored there. */
export function runInWords(code: string, { text, isError }: ServerToolOutput): string {
  const ended = isError === true ? 'It failed' : 'It ended';
  const said = text.trim() === '' ? ' and printed nothing.' : `, and printed:\n${text.trimEnd()}`;
  return `(Here this code was run, in a place that is gone:\n${code.trimEnd()}\n${ended}${said})`;
}
