// Neutral turns → `input` items.
import type { Part, ReasoningPart, ToolCallPart, ToolResultPart } from '../../model/content.ts';
import { asString, type JsonObject } from '../../model/json/json.ts';
import type { Message, NeutralRequest } from '../../model/request.ts';
import { missingJsonWord } from '../openai/json-word.ts';
import { unreadableTurn } from '../shared/turns/last-turn.ts';
import { showByUser } from '../shared/turns/own-images.ts';
import { remindByUser } from '../shared/turns/reminder.ts';
import { shorten } from '../shared/shorten.ts';
import { CALL_FAILED, FAILED_IN_WORDS } from '../shared/losses/substitutes.ts';
import { keptItems } from './additional-tools.ts';
import { agentMessageOf } from './agent-message.ts';
import { addBreakpoint, type BuildScope, buildInputContent, buildOutputText } from './build-content.ts';
import { HostedCalls } from './hosted-calls.ts';
import { hostedItemOf } from './hosted-item.ts';
import { type ClientTool, indexTools, wireName } from './namespace.ts';
import { CONTENT_PREFIX } from './parse-content.ts';
import { buildReasoning, openKey } from './reasoning.ts';
import { searchItem } from './tool-search.ts';
import { ID, ownFields } from './wire.ts';

/** OpenAI refuses longer ids in `call_id`; other dialects have no limit. */
const MAX_CALL_ID = 64;

export function buildInput(request: NeutralRequest, scope: BuildScope): JsonObject[] {
  const items: JsonObject[] = [];
  const tools = indexTools(request.tools);
  /** Ids of free-text calls, since a result's item is of its call's kind. */
  const customCalls = new Set<string>();
  const serverTools = new Map<string, string>();
  const sentThoughts = new Set<string>();
  const kept = keptItems(request);
  const shown = scope.native
    ? request.messages
    : showByUser(request.messages, scope.losses, scope.seesImages);
  const turns = scope.laterInstructions ? shown : remindByUser(shown, scope.losses);
  for (const [index, message] of turns.entries()) {
    for (const { behind, item } of kept) if (behind === index) items.push(item);
    if (message.name !== undefined) scope.losses.lost('name');
    if (message.role !== 'assistant') {
      const fromAgent = agentMessageOf(message);
      items.push(...(fromAgent === undefined ? buildTurn(message, customCalls, scope) : [fromAgent]));
      continue;
    }
    for (const part of message.parts) {
      if (part.type !== 'tool-call') continue;
      if (part.kind === 'custom') customCalls.add(part.id);
      else if (part.kind === 'server') serverTools.set(part.id, part.name);
    }
    const answer = buildAnswer(message, tools, serverTools, scope);
    const isFollowed = scope.native || turns[index + 1]?.role === 'assistant';
    const followed = isFollowed ? answer : withoutLastThought(answer, scope);
    items.push(...(scope.native ? followed : withoutRepeatedThoughts(followed, sentThoughts)));
  }
  for (const { behind, item } of kept) if (behind >= turns.length) items.push(item);
  if (scope.native || items.length === 0) return items;
  // Only words of the input count, not those of the instructions.
  const word = missingJsonWord(request, [], scope.losses);
  return word === undefined ? items : [{ type: 'message', role: 'system', content: word }, ...items];
}

/**
 * OpenAI refuses an id that stands twice (“Duplicate item found with id rs_…”), and Anthropic takes a thought before each call that
 * it led to: n8n's agent makes a turn of every parallel call, and puts the thought in front of each. What xAI's model thought around a
 * search has one id too, and goes back as it came.
 * https://github.com/n8n-io/n8n/blob/master/packages/%40n8n/nodes-langchain/utils/agent-execution/buildSteps.ts
 */
function withoutRepeatedThoughts(answer: readonly JsonObject[], sent: Set<string>): JsonObject[] {
  return answer.filter(({ type, id, encrypted_content: encrypted }) => {
    if (type !== 'reasoning' || typeof id !== 'string') return true;
    const thought = JSON.stringify([id, encrypted]);
    const isFirst = !sent.has(thought);
    sent.add(thought);
    return isFirst;
  });
}

/** OpenAI refuses encrypted reasoning as the last item of a turn, as in an answer cut off while thinking. */
function withoutLastThought(answer: JsonObject[], { losses }: BuildScope): JsonObject[] {
  const end = answer.findLastIndex(
    (item) => item.type !== 'reasoning' || item.encrypted_content === undefined,
  );
  if (end < answer.length - 1) losses.lost('reasoning', 'nothing of its turn follows it');
  return answer.slice(0, end + 1);
}

/** Builds a user or system turn: results are separate items, and the parts between them form messages. */
function buildTurn(
  { role, parts }: Message,
  customCalls: ReadonlySet<string>,
  scope: BuildScope,
): JsonObject[] {
  const items: JsonObject[] = [];
  let waiting: Part[] = [];
  const flush = () => {
    const content = buildInputContent(waiting, scope);
    waiting = [];
    if (content.length > 0) items.push({ type: 'message', role, content: plain(content) });
  };
  for (const part of parts) {
    if (part.type === 'tool-result') {
      flush();
      items.push(buildResult(part, customCalls.has(part.callId), scope));
    } else if (part.type === 'opaque' && part.dialect === ID && !part.name.startsWith(CONTENT_PREFIX)) {
      flush();
      const item = hostedItemOf(part);
      if (item !== undefined) items.push(item);
    } else waiting.push(part);
  }
  flush();
  const text = items.length === 0 ? unreadableTurn(role, parts) : undefined;
  if (text !== undefined) items.push({ type: 'message', role, content: text });
  return items;
}

/** A single plain text becomes a string, which every server accepts. */
function plain(content: JsonObject[]): string | JsonObject[] {
  const [first] = content;
  return content.length === 1 && first !== undefined && isText(first)
    ? (asString(first.text) ?? '')
    : content;
}

/** Whether a part is text and nothing else. */
function isText(part: JsonObject): boolean {
  return part.type === 'input_text' && Object.keys(part).length === 2;
}

function buildResult(part: ToolResultPart, isCustom: boolean, scope: BuildScope): JsonObject {
  const { losses } = scope;
  const callId = shorten(part.callId, MAX_CALL_ID);
  const search = searchItem(part, callId);
  if (search !== undefined) return search;
  losses.foreign(part.extension);
  const content = buildInputContent(part.content, scope);
  if (part.cacheControl !== undefined) addBreakpoint(part.cacheControl, content.at(-1), scope);
  if (part.isError === true) {
    losses.approximated('tool_result.is_error', FAILED_IN_WORDS);
    content.unshift({ type: 'input_text', text: CALL_FAILED });
  }
  // Once the breakpoint has moved on, joined texts would be a different prompt, of which nothing is cached.
  const isApart = scope.breakpoints && content.length > 1;
  return {
    type: isCustom ? 'custom_tool_call_output' : 'function_call_output',
    call_id: callId,
    output: !isApart && content.every(isText) ? content.map((each) => each.text).join('\n\n') : content,
  };
}

/** Builds an assistant turn: reasoning, text, calls and hosted calls are items, in the order in which they came. */
function buildAnswer(
  message: Message,
  tools: ReadonlyMap<string, ClientTool>,
  serverTools: ReadonlyMap<string, string>,
  scope: BuildScope,
): JsonObject[] {
  const { losses } = scope;
  const items: JsonObject[] = [];
  const hosted = new HostedCalls();
  let texts: Part[] = [];
  const flush = () => {
    if (texts.length > 0) items.push(buildMessage(texts, scope));
    texts = [];
  };
  const push = (item: JsonObject) => {
    flush();
    items.push(item);
  };
  for (const part of message.parts) {
    if (part.type !== 'opaque' && part.cacheControl !== undefined) losses.lost('cache_control');
    switch (part.type) {
      case 'text':
      case 'refusal':
        if (part.text !== '') texts.push(part);
        break;
      case 'reasoning': {
        const item = replayable(part, scope) ? buildReasoning(part) : undefined;
        if (item !== undefined) push(item);
        else if (part.text !== '' || part.signature !== undefined || part.redacted !== undefined)
          losses.lost('reasoning');
        break;
      }
      case 'tool-call':
        if (isReplayed(part, scope) && hosted.takes(part)) break;
        if (part.kind === 'server') {
          const item = hostedItemOf(part);
          if (item === undefined) losses.lost(`tools.${part.name}`);
          else push(item);
        } else {
          const thought = thoughtOf(part, scope);
          // Before the text that came with the call, where it was.
          if (thought !== undefined) items.push(thought);
          else if (part.signature !== undefined) losses.lost('thought_signature');
          push(buildCall(part, tools.get(part.name), scope));
        }
        break;
      case 'server-tool-result': {
        const answered = hosted.answered(part);
        if (answered !== undefined) push(answered.item);
        else losses.lost(`tools.${serverTools.get(part.callId) ?? 'server_tool_result'}`);
        break;
      }
      case 'image':
      case 'opaque': {
        const item = hostedItemOf(part);
        if (item !== undefined && !isContent(part)) push(item);
        else losses.lost(part.type === 'opaque' ? part.name : 'assistant.image');
        break;
      }
      case 'audio':
      case 'document':
        losses.lost(`assistant.${part.type}`);
        break;
      case 'tool-result':
        break;
    }
  }
  flush();
  for (const { name } of hosted.unanswered()) losses.lost(`tools.${name}`);
  return items;
}

/** Whether the call can be sent back with its result: it is this dialect's, or of an MCP server that is declared. */
function isReplayed({ extension, mcpServer = '' }: ToolCallPart, { mcpServers }: BuildScope): boolean {
  return extension?.dialect === ID || mcpServers.has(mcpServer);
}

function isContent(part: Part): boolean {
  return part.type === 'opaque' && part.name.startsWith(CONTENT_PREFIX);
}

/** An id by itself is useful only if the client relies on what the provider stores. */
function replayable(part: Part & { type: 'reasoning' }, { native }: BuildScope): boolean {
  const key = openKey(part.signature);
  if (key === undefined) return false;
  const isWhole = key.encryptedContent !== undefined || (key.inContent === true && part.text !== '');
  return native || isWhole;
}

/** Reasoning that comes back only in a call's signature, since the Gemini CLI does not keep thoughts. */
function thoughtOf({ signature }: ToolCallPart, scope: BuildScope): JsonObject | undefined {
  if (signature === undefined) return undefined;
  const thought: ReasoningPart = { type: 'reasoning', text: '', signature };
  return replayable(thought, scope) ? buildReasoning(thought) : undefined;
}

/** A text that citations split into parts remains one message. */
function buildMessage(texts: readonly Part[], scope: BuildScope): JsonObject {
  const content: JsonObject[] = [];
  const fields: JsonObject = {};
  for (const part of texts) {
    if (part.type === 'refusal') content.push({ type: 'refusal', refusal: part.text });
    if (part.type !== 'text') continue;
    scope.losses.foreign(part.extension);
    Object.assign(fields, ownFields(part.extension));
    content.push(buildOutputText(part, scope));
  }
  const isPlain = content.every((part) => part.type === 'output_text' && isBare(part));
  return {
    type: 'message',
    role: 'assistant',
    // As a part, OpenAI's own type requires the id of an item that OpenAI created; a plain string needs none.
    content: isPlain ? content.map((part) => part.text).join('') : content,
    ...fields,
  };
}

function isBare(part: JsonObject): boolean {
  return Array.isArray(part.annotations) && part.annotations.length === 0;
}

function buildCall(part: ToolCallPart, tool: ClientTool | undefined, { losses }: BuildScope): JsonObject {
  const callId = shorten(part.id, MAX_CALL_ID);
  const search = searchItem(part, callId);
  if (search !== undefined) return search;
  losses.foreign(part.extension);
  const named = wireName(part.name, tool);
  if (part.kind === 'custom') {
    return { type: 'custom_tool_call', call_id: callId, ...named, input: part.arguments };
  }
  const args = part.arguments === '' ? '{}' : part.arguments;
  return { type: 'function_call', call_id: callId, ...named, arguments: args };
}
