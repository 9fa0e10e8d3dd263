// NeutralResponse → a whole response object. https://platform.openai.com/docs/api-reference/responses/object
import type { Part, RefusalPart, TextPart, ToolCallPart } from '../../model/content.ts';
import { asArray, asString, type JsonObject, parseObject } from '../../model/json/json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { TextJoiner } from '../shared/joined-texts.ts';
import { AnswerLosses } from '../shared/losses/answer-losses.ts';
import type { AnswerContext } from '../dialect.ts';
import { buildLogprobs } from '../openai/logprobs.ts';
import { buildModeration, withoutModeration } from '../openai/moderation.ts';
import { ANNOTATED, buildAnnotation, isOwn } from './annotations.ts';
import { buildFinish } from './finish.ts';
import { HostedCalls, reportRun } from './hosted-calls.ts';
import { hostedItemOf } from './hosted-item.ts';
import { indexTools } from './namespace.ts';
import {
  CALL_PREFIXES,
  callForm,
  callItem,
  callText,
  hostedCallItem,
  type ItemStatus,
  imageItem,
  itemId,
  messageItem,
  refusalContent,
  textContent,
} from './output-item.ts';
import { buildReasoningOutput } from './reasoning.ts';
import { responseHead, responseObject, usageFields } from './response-object.ts';
import { PHASE } from './unmapped-fields.ts';
import { COUNTS_WITHOUT_FIELD } from './usage.ts';
import { ID } from './wire.ts';

export function buildResponse(response: NeutralResponse, context: AnswerContext): JsonObject {
  const { status, details } = buildFinish(response.finish);
  const losses = new AnswerLosses(ID, context);
  losses.finish(response.finish);
  losses.usage(response.usage, COUNTS_WITHOUT_FIELD);
  const moderation = buildModeration(ID, response.extension, losses);
  for (const name of Object.keys(withoutModeration(response.extension)?.fields ?? {}))
    if (name !== PHASE) losses.lost(name);
  return {
    ...responseObject(responseHead(response.id, response.model, context), context, status),
    incomplete_details: details,
    output: buildOutput(response, context, losses, status),
    ...usageFields(response.usage, response.tier),
    ...(moderation !== undefined && { moderation }),
  };
}

/**
 * A signature after everything that was said, for a client that only shows the last item. After a call it is sent, since the call
 * continues.
 */
export const LAST_SIGNATURE = 'thought_signature';

function withoutLastSignatures(parts: readonly Part[], losses: AnswerLosses): readonly Part[] {
  const last = parts.findLastIndex((part) => part.type !== 'reasoning' || part.text !== '');
  if (last === -1 || last === parts.length - 1 || isClientCall(parts[last])) return parts;
  losses.lost(LAST_SIGNATURE);
  return parts.slice(0, last + 1);
}

function isClientCall(part: Part | undefined): boolean {
  return part?.type === 'tool-call' && part.kind !== 'server';
}

function buildOutput(
  response: NeutralResponse,
  context: AnswerContext,
  losses: AnswerLosses,
  status: 'completed' | 'incomplete',
): JsonObject[] {
  const { requestId, showsLastItem } = context;
  const parts = showsLastItem === true ? withoutLastSignatures(response.parts, losses) : response.parts;
  const tools = indexTools(context.tools);
  const output: JsonObject[] = [];
  const hosted = new HostedCalls();
  /** Content of the message to which consecutive texts are added. */
  let content: JsonObject[] | undefined;
  /** Joins the texts of a message, as SDKs do with those of its parts (`output_text`). */
  let texts = new TextJoiner();
  for (const [index, part] of parts.entries()) {
    if (part.type === 'text' || part.type === 'refusal') {
      const start = part.type === 'text' ? part.message : undefined;
      if (content === undefined || start !== undefined) {
        content = [];
        texts = new TextJoiner();
        output.push(messageItem(itemId('msg', requestId, output.length), 'completed', content, start));
      }
      const before = parts[index - 1];
      const said = content.at(-1);
      const text = texts.join(part.text);
      if (said !== undefined && continues(before, part)) addText(said, part, losses);
      else
        content.push({
          ...buildContent(part, losses, text.length - part.text.length),
          ...textOf(part, text),
        });
      continue;
    }
    const item = buildItem(part, context, output.length, { tools, losses, hosted });
    if (item === undefined) {
      texts.setApart();
      continue;
    }
    content = undefined;
    if (part.type === 'reasoning' && context.needsStatus === true) item.status = 'completed';
    output.push(item);
  }
  for (const call of hosted.unanswered()) losses.serverCall(call, false);
  // If the answer was cut off, so was its last message, whatever without an item followed it.
  const last = output.at(-1);
  if (content !== undefined && last !== undefined) last.status = status;
  return output;
}

/**
 * Claude writes what it cites as separate texts; OpenAI's models write a whole message as one, and programs read only that one
 * (`content[0].text`; AG2 reads the last). An answer of this dialect keeps its parts, to which its positions refer.
 */
function continues(before: Part | undefined, part: Part): part is TextPart {
  return [before, part].every((each) => each?.type === 'text' && !each.citations?.some(isOwn));
}

function addText(said: JsonObject, part: TextPart, losses: AnswerLosses): void {
  const text = asString(said.text) ?? '';
  const more = buildContent(part, losses, text.length);
  said.text = text + part.text;
  said.annotations = [...(asArray(said.annotations) ?? []), ...(asArray(more.annotations) ?? [])];
  said.logprobs = [...(asArray(said.logprobs) ?? []), ...(asArray(more.logprobs) ?? [])];
}

function textOf(part: TextPart | RefusalPart, text: string): JsonObject {
  return part.type === 'text' ? { text } : { refusal: text };
}

/** @param base where the text begins in the one to which it is added. */
function buildContent(part: TextPart | RefusalPart, losses: AnswerLosses, base = 0): JsonObject {
  if (part.type === 'refusal') {
    if (part.logprobs !== undefined) losses.lost('logprobs');
    return refusalContent(part.text);
  }
  losses.foreign(part.extension);
  return textContent(part.text, annotationsOf(part, base, losses), buildLogprobs(part.logprobs ?? [], []));
}

function annotationsOf({ text, citations }: TextPart, base: number, losses: AnswerLosses): JsonObject[] {
  const annotations: JsonObject[] = [];
  for (const citation of citations ?? []) {
    const annotation = buildAnnotation(citation, text.length, base);
    if (annotation === undefined) losses.lost('citations');
    else {
      losses.citation(citation, ANNOTATED);
      annotations.push(annotation);
    }
  }
  return annotations;
}

interface Scope {
  tools: ReturnType<typeof indexTools>;
  losses: AnswerLosses;
  hosted: HostedCalls;
}

function buildItem(
  part: Part,
  context: AnswerContext,
  place: number,
  { tools, losses, hosted }: Scope,
): JsonObject | undefined {
  const { requestId } = context;
  switch (part.type) {
    case 'reasoning':
      losses.foreign(part.extension);
      if (part.text === '' && part.signature === undefined && part.redacted === undefined) return undefined;
      return buildReasoningOutput(part, itemId('rs', requestId, place), context);
    case 'tool-call': {
      if (hosted.takes(part)) return undefined;
      if (part.kind === 'server') {
        const item = hostedCallItem(part, itemId('ws', requestId, place));
        losses.serverCall(part, item !== undefined);
        return item;
      }
      losses.foreign(part.extension);
      const form = callForm(part, tools);
      const id = itemId(CALL_PREFIXES[form.kind], requestId, place);
      return callItem(id, form, part, callText(form, part.arguments), callStatus(part));
    }
    case 'image': {
      const item = imageItem(part, itemId('ig', requestId, place));
      if (item === undefined) losses.lost('image');
      else losses.foreignMedia('image', part.extension);
      return item;
    }
    case 'opaque': {
      const item = hostedItemOf(part);
      if (item === undefined) losses.lost(part.name);
      return item;
    }
    case 'server-tool-result': {
      const answered = hosted.answered(part);
      if (answered === undefined) losses.serverResult(part);
      else reportRun(answered.call, part, losses);
      return answered?.item;
    }
    case 'audio':
    case 'document':
      losses.lost(part.type);
      return undefined;
    // Handled as message content, or never in an answer.
    case 'text':
    case 'refusal':
    case 'tool-result':
      return undefined;
  }
}

/** The arguments of a call that was cut off are not complete. */
function callStatus({ kind, arguments: text }: ToolCallPart): ItemStatus {
  const isWhole = kind !== 'function' || text.trim() === '' || parseObject(text) !== undefined;
  return isWhole ? 'completed' : 'incomplete';
}
