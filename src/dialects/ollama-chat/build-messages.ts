// The conversation in Ollama's messages: text, base64 images beside it, calls whose arguments are objects.
import type { DocumentPart, Part, TextPart, ToolCallPart, ToolResultPart } from '../../model/content.ts';
import type { JsonObject } from '../../model/json/json.ts';
import type { Message } from '../../model/request.ts';
import { buildArguments } from '../shared/tools/call-arguments.ts';
import { unreadableTurn } from '../shared/turns/last-turn.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { remindByUser } from '../shared/turns/reminder.ts';
import { type CallPlaces, callPlaces, resultsInOrder } from '../shared/tools/results-in-order.ts';
import {
  SENT_AS_TEXT,
  TEXT_ALONE,
  GIVEN_AS_TEXT,
  UNREADABLE_DOCUMENT,
  UNREADABLE_IMAGE,
  WITHOUT_SIGNATURE,
} from '../shared/losses/substitutes.ts';
import { asText, titledText } from '../shared/media/text-document.ts';

export function buildMessages(
  system: readonly TextPart[],
  messages: readonly Message[],
  losses: LossReport,
): JsonObject[] {
  const built: JsonObject[] = [];
  /** Results name the tool and not only the call. */
  const toolOf = new Map<string, string>();
  let calls: CallPlaces = new Map();
  if (system.length > 0) built.push(buildMessage('system', system, toolOf, losses));
  for (const { role, parts, name } of remindByUser(messages, losses)) {
    if (name !== undefined) losses.lost('name');
    const results = resultsInOrder(parts, calls).filter((part) => part.type === 'tool-result');
    for (const result of results) built.push(buildResult(result, toolOf, losses));
    const rest = parts.filter((part) => part.type !== 'tool-result');
    if (role === 'assistant') calls = callPlaces(parts);
    for (const part of rest) if (part.type === 'tool-call') toolOf.set(part.id, part.name);
    if (rest.length > 0 || results.length === 0) built.push(buildMessage(role, rest, toolOf, losses));
  }
  return built;
}

function buildMessage(
  role: Message['role'],
  parts: readonly Part[],
  toolOf: ReadonlyMap<string, string>,
  losses: LossReport,
): JsonObject {
  const texts: string[] = [];
  const images: string[] = [];
  const thoughts: string[] = [];
  const calls: JsonObject[] = [];
  for (const part of parts) {
    if (part.type !== 'opaque') {
      if (part.cacheControl !== undefined) losses.lost('cache_control');
      if (part.type !== 'tool-call' || part.kind !== 'server') losses.foreign(part.extension);
    }
    switch (part.type) {
      case 'text':
        if (part.citations !== undefined && part.citations.length > 0)
          losses.approximated('citations', TEXT_ALONE);
        texts.push(part.text);
        break;
      case 'refusal':
        losses.approximated('refusal', GIVEN_AS_TEXT);
        texts.push(part.text);
        break;
      case 'reasoning':
        if (part.text === '') losses.lost('reasoning');
        else {
          if (part.signature !== undefined) losses.approximated('reasoning', WITHOUT_SIGNATURE);
          thoughts.push(part.text);
        }
        break;
      case 'tool-call':
        if (part.kind === 'server') losses.lost(`tools.${part.name}`);
        else calls.push(buildCall(part, losses));
        break;
      case 'image':
        if (part.source.kind === 'base64') {
          images.push(part.source.data);
          if (part.detail !== undefined && part.detail !== 'auto') losses.lost('detail');
        } else {
          losses.lost(`image.${part.source.kind}`);
          texts.push(UNREADABLE_IMAGE);
        }
        break;
      case 'document':
        texts.push(documentText(part, losses));
        break;
      case 'tool-result':
        break;
      case 'server-tool-result':
        losses.lost(`tools.${toolOf.get(part.callId) ?? 'server_tool_result'}`);
        break;
      case 'audio':
        losses.lost('audio');
        break;
      case 'opaque':
        losses.lost(part.name);
        break;
    }
  }
  const text = texts.length + images.length === 0 ? unreadableTurn(role, parts) : undefined;
  if (text !== undefined) texts.push(text);
  return {
    role,
    content: texts.join(role === 'assistant' ? '' : '\n\n'),
    ...(thoughts.length > 0 && { thinking: thoughts.join('') }),
    ...(images.length > 0 && { images }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

function documentText({ source: given, name, cites }: DocumentPart, losses: LossReport): string {
  if (cites === true) losses.lost('citations');
  const source = asText(given) ?? given;
  if (source.kind !== 'text') {
    losses.lost('document');
    return UNREADABLE_DOCUMENT;
  }
  losses.approximated('document', SENT_AS_TEXT);
  return titledText(source.text, name);
}

function buildCall(part: ToolCallPart, losses: LossReport): JsonObject {
  const { id, name } = part;
  if (part.signature !== undefined) losses.lost('thought_signature');
  return { id, function: { name, arguments: buildArguments(part, losses) } };
}

function buildResult(
  { callId, content, isError, cacheControl, extension }: ToolResultPart,
  toolOf: ReadonlyMap<string, string>,
  losses: LossReport,
): JsonObject {
  if (isError === true) losses.lost('is_error');
  if (cacheControl !== undefined) losses.lost('cache_control');
  losses.foreign(extension);
  const { content: text, images } = buildMessage('user', content, toolOf, losses);
  const tool = toolOf.get(callId);
  return {
    role: 'tool',
    content: text,
    ...(images !== undefined && { images }),
    ...(tool !== undefined && { tool_name: tool }),
    tool_call_id: callId,
  };
}
