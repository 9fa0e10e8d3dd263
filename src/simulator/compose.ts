// Decides what kind of answer a request gets: thinking, a tool call, JSON, an echo or plain text.
import type { DialectId } from '../model/dialect-id.ts';
import { fnv1aHex } from '../model/hash.ts';
import { isObject } from '../model/json/json.ts';
import { allowedOf } from '../dialects/shared/tools/allowed-tools.ts';
import { type OpaqueToken, ownToken } from '../model/opaque-token.ts';
import type { Message, NeutralRequest, ReasoningSettings, Tool } from '../model/request.ts';
import type { OpaquePart, ToolResultPart } from '../model/content.ts';
import type { SimulatorOptions } from './options.ts';
import { cutIntoPieces } from './pieces.ts';
import { sampleJson } from './sample-json.ts';
import { answerText, thinkingSignature, thinkingText, toolCallText, toolResultText } from './wording.ts';

/** One block of the answer before it is cut into tokens. */
export type Draft =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string; signature: OpaqueToken }
  | { type: 'tool-call'; id: string; name: string; kind: 'function' | 'custom'; text: string }
  /** A summary of the conversation, in the form that the client sends back. */
  | { type: 'summary'; text: ''; part: OpaquePart };

type CallableTool = Exclude<Tool, { type: 'server' }>;

/** @param dialect of the answer, on which signatures depend. */
export function composeAnswer(
  request: NeutralRequest,
  options: SimulatorOptions,
  dialect: DialectId,
): Draft[] {
  const question = lastUserText(request.messages);
  if (options.mode === 'echo') return question === '' ? [] : [{ type: 'text', text: question }];
  return [
    ...composeThinking(request, question, options, dialect),
    ...composeBody(request, question, options),
  ];
}

/** The last text of the last user message that has any; '' where there is none. */
function lastUserText(messages: Message[]): string {
  for (const message of messages.toReversed()) {
    if (message.role !== 'user') continue;
    const text = message.parts.findLast((part) => part.type === 'text');
    if (text !== undefined) return text.text;
  }
  return '';
}

function composeThinking(
  request: NeutralRequest,
  question: string,
  options: SimulatorOptions,
  dialect: DialectId,
): Draft[] {
  if (!wantsThinking(request.reasoning)) return [];
  const text = thinkingText(question, options.thinkingTokens);
  const signature = ownToken(dialect, thinkingSignature(text));
  if (request.reasoning?.summary === 'omitted') return [{ type: 'reasoning', text: '', signature }];
  const budget = request.reasoning?.budgetTokens;
  const pieces = cutIntoPieces(text).slice(0, budget);
  return [{ type: 'reasoning', text: pieces.join(''), signature }];
}

function wantsThinking(reasoning: ReasoningSettings | undefined): boolean {
  if (reasoning === undefined || reasoning.mode === 'off' || reasoning.effort === 'none') return false;
  return (
    reasoning.mode !== undefined || reasoning.effort !== undefined || reasoning.budgetTokens !== undefined
  );
}

function composeBody(request: NeutralRequest, question: string, options: SimulatorOptions): Draft[] {
  const result = lastToolResult(request.messages);
  const tools = options.mode === 'text' ? [] : chooseTools(request, question, result !== undefined);
  if (tools.length > 0) return composeCalls(request, question, tools);
  const format = request.outputFormat;
  if (format?.type === 'choice') return [{ type: 'text', text: format.values[0] ?? '' }];
  if (format?.type === 'json-schema')
    return [{ type: 'text', text: JSON.stringify(sampleJson(format.schema)) }];
  const text =
    result === undefined
      ? answerText(question, options.answerTokens)
      : toolResultText(resultText(result), result.isError === true, options.answerTokens);
  if (format?.type === 'json')
    return [{ type: 'text', text: JSON.stringify({ simulator: true, answer: text }) }];
  return [{ type: 'text', text }];
}

/**
 * A request with more tools than this comes from an agent, which would really run calls with made-up arguments,
 * and some of its tools cause more requests. Claude Code sent 79 requests for one "hello".
 */
const TOOLBOX = 8;
/** How many characters of the question are searched for tool names: each of possibly thousands of tools searches it. */
const NAMING_CHARACTERS = 10_000;

/** The tools to call now: none, the requested one, the one the question names, or else the first. */
function chooseTools(request: NeutralRequest, question: string, isResultTurn: boolean): CallableTool[] {
  const choice = request.toolChoice ?? { type: 'auto' };
  const callable = allowedOf(request).filter((tool) => tool.type !== 'server');
  if (choice.type === 'none' || (choice.type === 'auto' && isResultTurn)) return [];
  if (choice.type === 'auto' && callable.length > TOOLBOX) return [];
  const named = choice.type === 'tool' ? callable.find((tool) => tool.name === choice.name) : undefined;
  const naming = question.slice(-NAMING_CHARACTERS);
  const first = named ?? callable.find((tool) => naming.includes(tool.name)) ?? callable[0];
  if (first === undefined) return [];
  if (request.parallelToolCalls === false || !/parallel/i.test(question)) return [first];
  const second = choice.type === 'tool' ? first : (callable.find((tool) => tool !== first) ?? first);
  return [first, second];
}

function composeCalls(request: NeutralRequest, question: string, tools: CallableTool[]): Draft[] {
  const turn = fnv1aHex(`${request.messages.length} ${question}`);
  const calls = tools.map((tool, index): Draft => {
    const id = `call_${turn}_${index + 1}`;
    if (tool.type === 'custom')
      return { type: 'tool-call', id, name: tool.name, kind: 'custom', text: 'sample input' };
    const value = sampleJson(tool.parameters ?? {});
    const text = JSON.stringify(isObject(value) ? value : {});
    return { type: 'tool-call', id, name: tool.name, kind: 'function', text };
  });
  // A forced call comes without text before it; other calls often have some.
  if (request.toolChoice !== undefined && request.toolChoice.type !== 'auto') return calls;
  return [{ type: 'text', text: toolCallText(tools.map((tool) => tool.name)) }, ...calls];
}

/** The last result in the last message; undefined where that message has none. */
function lastToolResult(messages: Message[]): ToolResultPart | undefined {
  return messages.at(-1)?.parts.findLast((part) => part.type === 'tool-result');
}

function resultText(result: ToolResultPart): string {
  return result.content.map((part) => (part.type === 'text' ? part.text : `[${part.type}]`)).join(' ');
}
