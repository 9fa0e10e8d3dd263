// System parts and neutral turns → `messages`.
import type {
  ImagePart,
  Part,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from '../../model/content.ts';
import { asArray, asObject, isJson, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Message, NeutralRequest } from '../../model/request.ts';
import { buildArguments, FREE_TEXT } from '../shared/tools/call-arguments.ts';
import { describedSchema, formatInstruction } from '../shared/schemas/described-schema.ts';
import type { Quirks } from '../quirks.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { formatInWords, takesSchema } from './answer-format.ts';
import { unreadableTurn } from '../shared/turns/last-turn.ts';
import { missingJsonWord } from '../openai/json-word.ts';
import { answerSchema } from '../openai/schemas.ts';
import { type BuildScope, buildContent } from './build-content.ts';
import { keepsTextsApart, sentBreakpoint } from './breakpoint-field.ts';
import { sentImage } from './media.ts';
import { buildCopilots, buildReasoningDetail, isCopilot, replayableReasoning } from './reasoning.ts';
import { knownCapabilities } from '../shared/models/known-capabilities.ts';
import { showByUser } from '../shared/turns/own-images.ts';
import { remindByUser } from '../shared/turns/reminder.ts';
import { CALL_FAILED, FAILED_IN_WORDS, WITHOUT_SIGNATURE } from '../shared/losses/substitutes.ts';
import { buildThoughtSignature, buildToolCall } from './tool-call.ts';
import { type CallPlaces, callPlaces, resultsInOrder } from '../shared/tools/results-in-order.ts';
import { fitCallId } from './tool-call-id.ts';
import { ID } from './wire.ts';

export function buildMessages(request: NeutralRequest, scope: BuildScope): JsonObject[] {
  const built: JsonObject[] = [];
  const system = buildContent([...request.system, ...schemaNote(request, scope)], '\n\n', scope);
  if (system !== undefined) built.push({ role: 'system', content: system });

  /**
   * Where the next tool message goes: OpenAI requires all of them right after the turn that called, even if the client has other content
   * before or between its results.
   */
  let resultSlot: number | undefined;
  let calls: CallPlaces = new Map();
  const serverTools = new Map<string, string>();
  for (const message of turnsOf(request, scope)) {
    switch (message.role) {
      case 'system': {
        const content = buildContent(message.parts, '\n\n', scope);
        if (content !== undefined) built.push({ role: 'system', content, ...participant(message) });
        break;
      }
      case 'assistant':
        built.push(buildAssistant(message, serverTools, scope));
        resultSlot = built.length;
        calls = callPlaces(message.parts);
        break;
      case 'user': {
        const results: JsonObject[] = [];
        const others: Part[] = [];
        const moved: Part[] = [];
        for (const part of resultsInOrder(message.parts, calls)) {
          if (part.type === 'tool-result') results.push(buildToolResult(part, moved, scope));
          else others.push(part);
        }
        if (results.length > 0) {
          const slot = resultSlot ?? built.length;
          built.splice(slot, 0, ...results);
          resultSlot = slot + results.length;
        }
        const said = buildContent([...moved, ...others], '\n\n', scope);
        const content =
          said ?? (results.length === 0 ? unreadableTurn(message.role, message.parts) : undefined);
        if (content !== undefined) built.push({ role: 'user', content, ...participant(message) });
        break;
      }
    }
  }
  return withoutEmptyTurns(built, scope);
}

/**
 * The chat templates of many open models (Qwen, Llama, Gemma) refuse instructions between turns, such as Claude Code sends: "System message
 * must be at the beginning". https://github.com/ollama/ollama/issues/17774. Those of a client of this dialect stay, as in a request that
 * passes.
 */
function turnsOf(
  { messages, extension }: NeutralRequest,
  { losses, options }: BuildScope,
): readonly Message[] {
  const isTaken = options.quirks.laterInstructions === true || extension?.dialect === ID;
  const isShown = (image: ImagePart) =>
    sentImage(image) === undefined && knownCapabilities(options.model).images === true;
  const shown = showByUser(messages, losses, isShown);
  return isTaken ? shown : remindByUser(shown, losses);
}

/**
 * Leaves out turns of the model of which nothing could be carried, since some servers refuse empty ones. The user's content before and
 * after such a turn is then joined in one message, since other servers require alternating roles.
 */
function withoutEmptyTurns(messages: readonly JsonObject[], { options }: BuildScope): JsonObject[] {
  const apart = keepsTextsApart(options);
  const kept: JsonObject[] = [];
  let skipped = false;
  for (const message of messages) {
    if (isEmptyMessage(message)) {
      skipped = true;
      continue;
    }
    const before = kept.at(-1);
    const isOne = skipped && isUnnamedUser(before) && isUnnamedUser(message);
    if (isOne)
      kept[kept.length - 1] = { role: 'user', content: joined(before?.content, message.content, apart) };
    else kept.push(message);
    skipped = false;
  }
  return kept;
}

function isEmptyMessage(message: JsonObject): boolean {
  return message.role === 'assistant' && message.content === '' && Object.keys(message).length === 2;
}

function isUnnamedUser(message: JsonObject | undefined): boolean {
  return message?.role === 'user' && Object.keys(message).length === 2;
}

/** @param apart whether texts stay separate, as in `buildContent`. */
function joined(one: JsonValue | undefined, other: JsonValue | undefined, apart: boolean): JsonValue {
  if (!apart && typeof one === 'string' && typeof other === 'string') return `${one}\n\n${other}`;
  const parts = (content: JsonValue | undefined) =>
    typeof content === 'string' ? [{ type: 'text', text: content }] : (asArray(content) ?? []);
  return [...parts(one), ...parts(other)];
}

/** The schema as text for the model, if `response_format` does not accept one. Servers also require the word JSON somewhere. */
function schemaNote(request: NeutralRequest, { options, losses }: BuildScope): TextPart[] {
  const { outputFormat, system } = request;
  const inWords = formatInWords(request, options);
  if (inWords !== undefined) return [{ type: 'text', text: formatInstruction(inWords) }];
  const word = missingJsonWord(request, system, losses);
  if (word !== undefined) return [{ type: 'text', text: word }];
  if (outputFormat?.type !== 'json-schema') return [];
  if (options.quirks.objectSchemas === true && answerSchema(outputFormat.schema) === undefined)
    return [{ type: 'text', text: formatInstruction(outputFormat) }];
  if (takesSchema(options)) return [];
  const text = `Answer with one JSON object that matches this JSON Schema:\n${JSON.stringify(describedSchema(outputFormat))}`;
  return [{ type: 'text', text }];
}

function buildAssistant(message: Message, serverTools: Map<string, string>, scope: BuildScope): JsonObject {
  const { losses } = scope;
  const texts: TextPart[] = [];
  const reasoning: ReasoningPart[] = [];
  const calls: ToolCallPart[] = [];
  const others: Part[] = [];
  const images: JsonValue[] = [];
  const fields: JsonObject = {};
  let refusal = '';
  for (const part of message.parts) {
    switch (part.type) {
      case 'text':
        texts.push(part);
        break;
      case 'reasoning':
        losses.foreign(part.extension);
        if (part.extension?.dialect !== ID) reasoning.push(part);
        else {
          // The client's own field contains the signatures.
          Object.assign(fields, part.extension.fields);
          if (part.text !== '') reasoning.push({ type: 'reasoning', text: part.text });
        }
        break;
      case 'refusal':
        refusal += part.text;
        break;
      case 'tool-call':
        if (part.kind !== 'server') calls.push(part);
        else {
          serverTools.set(part.id, part.name);
          losses.lost(`tools.${part.name}`);
        }
        break;
      case 'server-tool-result':
        losses.lost(`tools.${serverTools.get(part.callId) ?? 'server_tool_result'}`);
        break;
      case 'opaque':
        if (part.dialect === ID && asObject(part.value)?.type === undefined) {
          Object.assign(fields, part.value);
        } else others.push(part);
        break;
      case 'image': {
        const image = sentImage(part);
        if (image === undefined) losses.lost('assistant.image');
        else images.push(image);
        break;
      }
      case 'document':
      case 'audio':
        losses.lost(`assistant.${part.type}`);
        break;
      case 'tool-result':
        break;
    }
  }
  // A text that citations divide into parts is still one text, so nothing goes between.
  const content = buildContent([...texts, ...others], '', scope);
  const built: JsonObject = {
    role: 'assistant',
    content: content ?? (calls.length > 0 ? null : ''),
    ...fields,
  };
  if (images.length > 0) built.images = images;
  if (message.name !== undefined) built.name = message.name;
  if (refusal !== '') {
    built.refusal = refusal;
    if (content === undefined) built.content = null;
  }
  if (reasoning.length > 0) Object.assign(built, buildReplay(reasoning, scope));
  if (calls.length > 0) built.tool_calls = calls.map((call) => buildCall(call, scope));
  return built;
}

/** Earlier reasoning in the form in which the provider accepts it. */
function buildReplay(reasoning: readonly ReasoningPart[], { losses, options }: BuildScope): JsonObject {
  const { replaysReasoningDetails, replaysReasoning } = options.quirks;
  if (isCopilot(options.baseUrl)) return buildCopilots(reasoning, losses);
  if (replaysReasoningDetails === true) {
    const kept = replayableReasoning(reasoning, losses);
    if (kept.length === 0) return {};
    const text = kept.map(({ part }) => part.text).join('');
    return {
      ...(replaysReasoning === true && text !== '' && { reasoning_content: text }),
      reasoning_details: kept.map(buildReasoningDetail),
    };
  }
  if (replaysReasoning !== true) {
    losses.lost('reasoning');
    return {};
  }
  const text = reasoning.map((part) => part.text).join('');
  if (reasoning.some((part) => part.redacted !== undefined)) losses.lost('redacted_thinking');
  const signed = reasoning.filter((part) => part.signature !== undefined);
  if (signed.some((part) => part.text === '')) losses.lost('reasoning');
  else if (signed.length > 0) losses.approximated('reasoning', WITHOUT_SIGNATURE);
  return text === '' ? {} : { reasoning_content: text };
}

function buildCall(call: ToolCallPart, { losses, options }: BuildScope): JsonObject {
  const { cacheControl } = call;
  const isTaken = cacheControl !== undefined && options.quirks.cacheControl === true;
  const breakpoint = isTaken ? sentBreakpoint(cacheControl, options, losses) : undefined;
  losses.foreign(call.extension);
  if (cacheControl !== undefined && !isTaken) losses.lost('cache_control');
  const token = buildThoughtSignature(call.signature);
  if (call.signature !== undefined && token.extra_content === undefined) losses.lost('thought_signature');
  const known = withJson(asKnownKind(call, options.quirks), losses);
  return {
    ...buildToolCall({ ...known, id: fitCallId(call.id, options.quirks) }),
    ...(breakpoint !== undefined && { cache_control: breakpoint }),
    ...token,
  };
}

/** An earlier free-text call in the form that `buildTools` gives its tool. */
function asKnownKind(call: ToolCallPart, quirks: Quirks): ToolCallPart {
  if (call.kind !== 'custom' || quirks.customTools === true) return call;
  return { ...call, kind: 'function', arguments: JSON.stringify({ [FREE_TEXT]: call.arguments }) };
}

/**
 * A call that was cut off, in the form in which other dialects get it: Qwen refuses arguments that are not JSON, and templates of open
 * models parse them. https://github.com/wink-wink-wink555/MarkiNote/issues/6
 */
function withJson(call: ToolCallPart, losses: LossReport): ToolCallPart {
  const { kind, arguments: text } = call;
  // Checking the last character is not enough: a text that was cut off may end in the brace of an inner object.
  if (kind === 'custom' || text === '' || isJson(text)) return call;
  return { ...call, arguments: JSON.stringify(buildArguments(call, losses)) };
}

/** What a tool message cannot hold is put into `moved`, for the user message after it. */
function buildToolResult(part: ToolResultPart, moved: Part[], scope: BuildScope): JsonObject {
  const { losses } = scope;
  losses.foreign(part.extension);
  const kept: Part[] = [];
  let movedHere = false;
  for (const content of part.content) {
    const isText = content.type === 'text' || (content.type === 'document' && content.source.kind === 'text');
    if (isText) kept.push(content);
    else if (content.type === 'opaque') losses.lost(content.name);
    else {
      movedHere = true;
      moved.push(content);
      losses.approximated(`tool_result.${content.type}`, 'sent in a user message after the tool message');
    }
  }
  if (movedHere) kept.push({ type: 'text', text: '[The rest of this result is in the next user message.]' });
  const last = kept.at(-1);
  if (part.cacheControl !== undefined && last?.type === 'text') {
    kept[kept.length - 1] = { ...last, cacheControl: part.cacheControl };
  } else if (part.cacheControl !== undefined) losses.lost('cache_control');
  if (part.isError === true) {
    losses.approximated('tool_result.is_error', FAILED_IN_WORDS);
    kept.unshift({ type: 'text', text: CALL_FAILED });
  }
  return {
    role: 'tool',
    tool_call_id: fitCallId(part.callId, scope.options.quirks),
    content: buildContent(kept, '\n\n', scope) ?? '',
  };
}

function participant(message: Message): { name?: string } {
  return message.name === undefined ? {} : { name: message.name };
}
