// NeutralResponse → a whole response object. https://platform.openai.com/docs/api-reference/responses/object
import type { Part, TextPart } from '../../model/content.ts';
import type { JsonObject } from '../../model/json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import type { AnswerContext } from '../dialect.ts';
import { buildAnnotation } from './annotations.ts';
import { buildFinish } from './finish.ts';
import { hostedItemOf } from './hosted-item.ts';
import { indexTools } from './namespace.ts';
import {
  callForm,
  callItem,
  callText,
  hostedCallItem,
  imageItem,
  itemId,
  messageItem,
  refusalContent,
  textContent,
} from './output-item.ts';
import { buildReasoningOutput } from './reasoning.ts';
import { responseHead, responseObject, usageFields } from './response-object.ts';

export function buildResponse(response: NeutralResponse, context: AnswerContext): JsonObject {
  const { status, details } = buildFinish(response.finish);
  if (response.finish.stopSequence !== undefined) context.lost?.('stop_sequence');
  return {
    ...responseObject(responseHead(response.id, response.model, context), context, status),
    incomplete_details: details,
    output: buildOutput(response, context, status),
    ...usageFields(response.usage),
  };
}

function buildOutput(
  { parts }: NeutralResponse,
  context: AnswerContext,
  status: 'completed' | 'incomplete',
): JsonObject[] {
  const { requestId } = context;
  const tools = indexTools(context.tools);
  const output: JsonObject[] = [];
  /** Content of the message that text in a row belongs to. */
  let content: JsonObject[] | undefined;
  for (const [index, part] of parts.entries()) {
    const said = buildContent(part);
    if (said !== undefined) {
      if (content === undefined) {
        content = [];
        output.push(messageItem(itemId('msg', requestId, output.length), 'completed', content));
      }
      content.push(said);
      // What is cut off is the message that nothing follows.
      const message = output.at(-1);
      if (index === parts.length - 1 && message !== undefined) message.status = status;
      continue;
    }
    const item = buildItem(part, requestId, output.length, tools);
    if (item === undefined) continue;
    content = undefined;
    output.push(item);
  }
  return output;
}

function buildContent(part: Part): JsonObject | undefined {
  if (part.type === 'refusal') return refusalContent(part.text);
  return part.type === 'text' ? textContent(part.text, annotationsOf(part)) : undefined;
}

function annotationsOf({ text, citations }: TextPart): JsonObject[] {
  return (citations ?? [])
    .map((citation) => buildAnnotation(citation, text.length))
    .filter((annotation) => annotation !== undefined);
}

function buildItem(
  part: Part,
  requestId: string,
  place: number,
  tools: ReturnType<typeof indexTools>,
): JsonObject | undefined {
  switch (part.type) {
    case 'reasoning':
      if (part.text === '' && part.signature === undefined && part.redacted === undefined) return undefined;
      return buildReasoningOutput(part, itemId('rs', requestId, place));
    case 'tool-call': {
      if (part.kind === 'server') return hostedCallItem(part, itemId('ws', requestId, place));
      const form = callForm(part, tools);
      const id = itemId(form.kind === 'custom' ? 'ctc' : 'fc', requestId, place);
      return callItem(id, form, part, callText(form, part.arguments), 'completed');
    }
    case 'image':
      return imageItem(part, itemId('ig', requestId, place));
    case 'opaque':
      return hostedItemOf(part);
    // Text is in messages; results of hosted tools of other dialects and audio have no item.
    default:
      return undefined;
  }
}
