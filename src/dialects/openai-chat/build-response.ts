// NeutralResponse → a whole completion.
// https://platform.openai.com/docs/api-reference/chat/object
import type { TextPart } from '../../model/content.ts';
import type { JsonObject } from '../../model/json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { totalInputTokens } from '../../model/usage.ts';
import type { AnswerContext } from '../dialect.ts';
import { buildAnnotation } from './annotations.ts';
import { buildFinishReason } from './finish.ts';
import { buildDataUrl } from './media.ts';
import { buildReasoningDetails, type PlacedReasoning } from './reasoning.ts';
import { buildThoughtSignature, buildToolCall, clientCallId } from './tool-call.ts';
import { buildUsage } from './usage.ts';

export function buildResponse(response: NeutralResponse, context: AnswerContext): JsonObject {
  const own = response.extension?.dialect === 'openai-chat' ? response.extension.fields : {};
  if (response.finish.stopSequence !== undefined) context.lost?.('stop_sequence');
  return {
    id: response.id ?? completionId(context),
    object: 'chat.completion',
    created: context.created,
    model: response.model ?? context.model,
    choices: [
      {
        index: 0,
        message: buildMessage(response, context),
        logprobs: own.logprobs ?? null,
        finish_reason: buildFinishReason(response.finish),
      },
    ],
    // Left out where the provider stated none: zeros would be a claim.
    ...(totalInputTokens(response.usage) + response.usage.outputTokens > 0 && {
      usage: buildUsage(response.usage),
    }),
  };
}

export function completionId(context: AnswerContext): string {
  return `chatcmpl-${context.requestId}`;
}

function buildMessage(response: NeutralResponse, context: AnswerContext): JsonObject {
  const texts: TextPart[] = [];
  const reasoning: PlacedReasoning[] = [];
  const lastText = response.parts.findLastIndex((part) => part.type === 'text' && part.text !== '');
  const calls: JsonObject[] = [];
  const images: JsonObject[] = [];
  const message: JsonObject = { role: 'assistant', content: null, refusal: null };
  const serverTools = new Map<string, string>();
  let refusal = '';
  for (const [at, part] of response.parts.entries()) {
    switch (part.type) {
      case 'text':
        texts.push(part);
        break;
      case 'reasoning':
        reasoning.push({ part, afterText: lastText !== -1 && at > lastText });
        break;
      case 'refusal':
        refusal += part.text;
        break;
      case 'tool-call':
        // Calls of provider-run tools are done: a client would try to answer them.
        if (part.kind !== 'server') {
          const id = clientCallId(part.id, part.signature);
          calls.push({ ...buildToolCall({ ...part, id }), ...buildThoughtSignature(part.signature) });
        } else {
          serverTools.set(part.id, part.name);
          context.lost?.(`tools.${part.name}`);
        }
        break;
      case 'image':
        if (part.source.kind === 'base64') {
          const url = buildDataUrl(part.source.mediaType, part.source.data);
          images.push({ type: 'image_url', image_url: { url } });
        } else if (part.source.kind === 'url') {
          images.push({ type: 'image_url', image_url: { url: part.source.url } });
        }
        break;
      case 'audio':
        if (part.source.kind === 'base64') {
          const own = part.extension?.dialect === 'openai-chat' ? part.extension.fields : {};
          message.audio = { ...own, data: part.source.data };
        }
        break;
      case 'server-tool-result':
        context.lost?.(`tools.${serverTools.get(part.callId) ?? 'server_tool_result'}`);
        break;
      case 'tool-result':
      case 'document':
      case 'opaque':
        break;
    }
  }
  if (texts.length > 0) message.content = texts.map((part) => part.text).join('');
  if (refusal !== '') message.refusal = refusal;
  const thinking = reasoning.map(({ part }) => part.text).join('');
  if (thinking !== '') message.reasoning_content = thinking;
  Object.assign(message, buildReasoningDetails(reasoning));
  if (calls.length > 0) message.tool_calls = calls;
  if (images.length > 0) message.images = images;
  const annotations = buildAnnotations(texts, context);
  if (annotations.length > 0) message.annotations = annotations;
  return message;
}

function buildAnnotations(texts: readonly TextPart[], context: AnswerContext): JsonObject[] {
  const annotations: JsonObject[] = [];
  let base = 0;
  for (const { text, citations } of texts) {
    for (const citation of citations ?? []) {
      const annotation = buildAnnotation(citation, base, text.length);
      if (annotation !== undefined) annotations.push(annotation);
      else context.lost?.('citations');
    }
    base += text.length;
  }
  return annotations;
}
