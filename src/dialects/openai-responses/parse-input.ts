// `input` of a request → system parts and neutral turns. Items are finer than turns: reasoning, text and calls of one answer are separate
// items, but parts of one assistant message in the neutral model.
import type { Part, TextPart, ToolCallPart } from '../../model/content.ts';
import { asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { argumentsFromWire, callIdFromWire, summaryFromWire } from '../../model/opaque-token.ts';
import type { Binding, Message, Tool } from '../../model/request.ts';
import { table } from '../../model/table.ts';
import { invalid, nameType, requiredObject, requiredString } from '../shared/read-field.ts';
import { ADDITIONAL_TOOLS, parseAdditionalTools, type ToolItem } from './additional-tools.ts';
import { AGENT_MESSAGE, parseAgentMessage } from './agent-message.ts';
import { parseHostedItem } from './hosted-item.ts';
import { flatName } from './namespace.ts';
import { parseContent, parseResult } from './parse-content.ts';
import { parseReasoning } from './reasoning.ts';
import { parseSettingsChange, SETTINGS_CHANGE, type Settings } from './settings-changes.ts';
import { SUMMARY_HEAD, TRIGGER, TRIGGER_PROBLEM } from './summary.ts';
import {
  isClientSearch,
  loaded,
  parseSearchCall,
  parseSearchOutput,
  TOOL_SEARCH_CALL,
  TOOL_SEARCH_OUTPUT,
} from './tool-search.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { ID } from './wire.ts';

interface ParsedInput {
  system: TextPart[];
  messages: Message[];
  /** Tools that items bring, and the items that are not turns: those that bring tools, and those that change settings. */
  tools: Tool[];
  toolItems: ToolItem[];
  /** Settings that items change, in force from then on. */
  settings: Settings;
  /** Set if an item refers to something that only the provider stores. */
  boundTo?: Binding;
}

export function parseInput(input: JsonValue | undefined): ParsedInput {
  const parsed: ParsedInput = { system: [], messages: [], tools: [], toolItems: [], settings: {} };
  if (typeof input === 'string') {
    parsed.messages.push({ role: 'user', parts: [{ type: 'text', text: input }] });
    return parsed;
  }
  if (!Array.isArray(input)) {
    throw invalid('input', `is ${nameType(input)}; it must be a string or an array of items`);
  }
  const turns = createTurns(parsed);
  for (const [index, value] of input.entries()) {
    const path = `input[${index}]`;
    parseItem(requiredObject(value, path), path, turns, parsed);
  }
  return parsed;
}

interface Turns {
  message(message: Message): void;
  /** A part of the assistant's turn. */
  answer(part: Part): void;
  /** A part of the user's turn, which answers calls. */
  result(part: Part): void;
}

function createTurns({ messages }: ParsedInput): Turns {
  /** The turn to which further parts of the same kind are added. */
  let open: { kind: 'answer' | 'result'; message: Message } | undefined;

  function add(kind: 'answer' | 'result', part: Part): void {
    if (open?.kind !== kind) {
      const message: Message = { role: kind === 'answer' ? 'assistant' : 'user', parts: [] };
      messages.push(message);
      open = { kind, message };
    }
    open.message.parts.push(part);
  }

  return {
    message(message) {
      if (message.role !== 'assistant') {
        open = undefined;
        messages.push(message);
        return;
      }
      // Consecutive messages stay separate unless calls tie them to one turn.
      if (open?.kind === 'answer' && spoke(open.message)) open = undefined;
      for (const part of message.parts) add('answer', part);
    },
    answer(part) {
      if (part.type === 'reasoning' && open?.kind === 'answer' && spoke(open.message)) open = undefined;
      add('answer', part);
    },
    result: (part) => add('result', part),
  };
}

function spoke({ parts }: Message): boolean {
  const hasText = parts.some((part) => part.type === 'text' || part.type === 'refusal');
  return hasText && !parts.some((part) => part.type === 'tool-call' && part.kind !== 'server');
}

function parseItem(item: JsonObject, path: string, turns: Turns, parsed: ParsedInput): void {
  const type = asString(item.type) ?? (item.role === undefined ? undefined : 'message');
  if (type === undefined)
    throw invalid(`${path}.type`, 'is missing; say `message`, `function_call`, `function_call_output`…');
  if (!readItem(type, item, path, turns, parsed)) addOther(type, item, path, turns, parsed);
}

/** Returns false if only a provider of this dialect understands the item. */
function readItem(type: string, item: JsonObject, path: string, turns: Turns, parsed: ParsedInput): boolean {
  switch (type) {
    case 'message':
      parseMessage(item, path, turns, parsed);
      return true;
    case ADDITIONAL_TOOLS:
      parsed.tools.push(...parseAdditionalTools(item, path));
      parsed.toolItems.push({ behind: parsed.messages.length, item });
      return true;
    case SETTINGS_CHANGE: {
      const changed = parseSettingsChange(item);
      if (changed === undefined) return false;
      Object.assign(parsed.settings, changed);
      parsed.toolItems.push({ behind: parsed.messages.length, item });
      return true;
    }
    case 'reasoning':
      turns.answer(parseReasoning(item));
      return true;
    case 'function_call':
    case 'custom_tool_call':
      turns.answer(parseCall(item, path, type === 'custom_tool_call'));
      return true;
    case 'function_call_output':
    case 'custom_tool_call_output':
      parseOutput(type, item, path, turns);
      return true;
    case TOOL_SEARCH_CALL:
      if (!isClientSearch(item)) return false;
      turns.answer(parseSearchCall(item));
      return true;
    case TOOL_SEARCH_OUTPUT: {
      if (!isClientSearch(item)) return false;
      const tools = parseAdditionalTools(item, path);
      parsed.tools.push(...tools.map(loaded));
      turns.result(parseSearchOutput(item, tools));
      return true;
    }
    case AGENT_MESSAGE: {
      const message = parseAgentMessage(item, path);
      if (message !== undefined) turns.message(message);
      return message !== undefined;
    }
    case 'compaction':
    case 'compaction_summary': {
      const summary = summaryFromWire(asString(item.encrypted_content) ?? '');
      if (summary === undefined) return false;
      turns.message({ role: 'user', parts: [{ type: 'text', text: SUMMARY_HEAD + summary }] });
      return true;
    }
    default:
      return false;
  }
}

function parseOutput(type: string, item: JsonObject, path: string, turns: Turns): void {
  const content = parseResult(item.output, `${path}.output`);
  // A tool's output without a call; other dialects only have results of calls.
  if (type === 'function_call_output' && (item.call_id ?? undefined) === undefined) {
    turns.message({ role: 'user', parts: content });
    return;
  }
  const remedy = 'repeat the `call_id` of the call it answers';
  const { id: callId } = callIdFromWire(requiredString(item, 'call_id', `${path}.call_id`, remedy));
  turns.result({ type: 'tool-result', callId, content });
}

/** Adds an item that only a provider of this dialect understands. */
function addOther(type: string, item: JsonObject, path: string, turns: Turns, parsed: ParsedInput): void {
  const why = BOUND_ITEMS[type];
  if (why !== undefined) parsed.boundTo ??= { dialect: ID, field: path, problem: why };
  const isResult = /_(output|response)$/.test(type) && asString(item.execution) !== 'server';
  for (const part of parseHostedItem(type, item)) {
    if (isResult && part.type === 'opaque') turns.result(part);
    else turns.answer(part);
  }
}

/** Items that can be read only by the provider which stored or encrypted their content. */
const BOUND_ITEMS: Record<string, string> = table({
  item_reference:
    'it names an item that is not stored there; send the item itself (the AI SDK does with `store: false` among its `providerOptions`)',
  compaction: 'it is an encrypted summary by another provider; send the conversation itself',
  compaction_summary: 'it is an encrypted summary by another provider; send the conversation itself',
  [TRIGGER]: TRIGGER_PROBLEM,
});

function parseMessage(item: JsonObject, path: string, turns: Turns, parsed: ParsedInput): void {
  const role = requiredString(
    item,
    'role',
    `${path}.role`,
    'say `user`, `assistant`, `system` or `developer`',
  );
  const parts = parseContent(item.content, `${path}.content`);
  switch (role) {
    case 'system':
    case 'developer': {
      const texts = parts.filter((part) => part.type === 'text');
      if (parsed.messages.length === 0 && texts.length === parts.length) parsed.system.push(...texts);
      else turns.message({ role: 'system', parts });
      return;
    }
    case 'user':
      turns.message({ role, parts });
      return;
    case 'assistant':
      turns.message({ role, parts: withPhase(parts, item) });
      return;
    default:
      throw invalid(
        `${path}.role`,
        `\`${role}\` is not a role; say \`user\`, \`assistant\`, \`system\` or \`developer\``,
      );
  }
}

/** `commentary` or `final_answer`: models need it back on each message, so it stays with the message's first text. */
function withPhase(parts: Part[], item: JsonObject): Part[] {
  const fields = withoutFields({ phase: item.phase }, []);
  const first = parts.find((part) => part.type === 'text');
  if (first !== undefined && fields.phase !== undefined) first.extension = { dialect: ID, fields };
  return parts;
}

function parseCall(item: JsonObject, path: string, isCustom: boolean): ToolCallPart {
  const wireId = requiredString(
    item,
    'call_id',
    `${path}.call_id`,
    'repeat the `call_id` that the answer gave',
  );
  const name = requiredString(item, 'name', `${path}.name`, 'name the tool called');
  const namespace = asString(item.namespace);
  const { id, token } = callIdFromWire(wireId);
  const text = asString(isCustom ? item.input : item.arguments);
  if (text === undefined) {
    const field = isCustom ? 'input' : 'arguments';
    throw invalid(`${path}.${field}`, `is ${nameType(item[field])}; repeat the text that the answer gave`);
  }
  const part: ToolCallPart = {
    type: 'tool-call',
    id,
    name: namespace === undefined ? name : flatName(namespace, name),
    arguments: argumentsFromWire(text, wireId, id),
    kind: isCustom ? 'custom' : 'function',
  };
  if (token !== undefined) part.signature = token;
  return part;
}
