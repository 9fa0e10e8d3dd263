// NeutralResponse → a whole completion.
// https://platform.openai.com/docs/api-reference/chat/object
import type { TextPart } from '../../model/content.ts';
import { asObject, type JsonObject } from '../../model/json/json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { totalInputTokens } from '../../model/usage.ts';
import { AnswerLosses } from '../shared/losses/answer-losses.ts';
import type { AnswerContext } from '../dialect.ts';
import { ANNOTATED, buildAnnotation } from './annotations.ts';
import { buildFinishReason } from './finish.ts';
import { buildDataUrl } from '../openai/media.ts';
import { buildLogprobs } from '../openai/logprobs.ts';
import { buildModeration, MODERATION, withoutModeration } from '../openai/moderation.ts';
import { ownImage, unsaidAudio } from './media.ts';
import { buildReasoningFields, type PlacedReasoning } from './reasoning.ts';
import { buildCallSeal, buildToolCall, clientCallId, legacyNames } from './tool-call.ts';
import { TextJoiner } from '../shared/joined-texts.ts';
import { servedTier } from '../shared/settings/service-tier.ts';
import { buildUsage, COUNTS_WITHOUT_FIELD } from './usage.ts';
import { ID, ownFields } from './wire.ts';

export function buildResponse(response: NeutralResponse, context: AnswerContext): JsonObject {
  const own = ownFields(response.extension);
  const losses = new AnswerLosses(ID, context);
  losses.finish(response.finish);
  losses.usage(response.usage, COUNTS_WITHOUT_FIELD);
  const moderation = buildModeration(ID, response.extension, losses);
  losses.foreign(withoutModeration(response.extension));
  for (const name of Object.keys(own)) if (name !== 'logprobs' && name !== MODERATION) losses.lost(name);
  const message = buildMessage(response, context, losses);
  return {
    id: response.id ?? completionId(context),
    object: 'chat.completion',
    created: context.created,
    model: response.model ?? context.model,
    choices: [
      {
        index: 0,
        message,
        logprobs: buildSpelling(response, asObject(own.logprobs)),
        finish_reason: buildFinishReason(response.finish, message.function_call !== undefined),
      },
    ],
    // Left out if the provider stated none, since zeros would be a claim.
    ...(totalInputTokens(response.usage) + response.usage.outputTokens > 0 && {
      usage: buildUsage(response.usage),
    }),
    ...buildTier(response.tier),
    // OpenAI and OpenRouter write a missing one as null, and OpenRouter's SDKs refuse a whole answer without the field (LangChain's
    // ChatOpenRouter). https://github.com/OpenRouterTeam/python-sdk/blob/main/src/openrouter/components/chatresult.py
    system_fingerprint: null,
    ...(moderation !== undefined && { moderation }),
  };
}

/**
 * OpenAI states even the usual tier in each whole answer, and LiteLLM's SDK for Groq fails if none is stated (`_map_groq_service_tier`). A
 * tier that OpenAI has no name for is left out.
 */
function buildTier(tier: string | undefined): JsonObject {
  return tier === undefined ? { service_tier: 'default' } : servedTier('service_tier', tier);
}

/** @param own log probabilities of no text in the answer, as the server sent them. Returns null if there are none at all. */
function buildSpelling({ parts }: NeutralResponse, own: JsonObject | undefined): JsonObject | null {
  const of = (type: 'text' | 'refusal') => {
    const tokens = parts.flatMap((part) => (part.type === type ? (part.logprobs ?? []) : []));
    return tokens.length === 0 ? null : buildLogprobs(tokens, null);
  };
  const content = of('text') ?? own?.content ?? null;
  const refusal = of('refusal') ?? own?.refusal ?? null;
  return content === null && refusal === null ? null : { content, refusal };
}

export function completionId(context: AnswerContext): string {
  return `chatcmpl-${context.requestId}`;
}

const INSTEAD_OF_TEXT = ['tool_calls', 'function_call', 'refusal', 'audio'];

function buildMessage(response: NeutralResponse, context: AnswerContext, losses: AnswerLosses): JsonObject {
  const texts: PlacedText[] = [];
  const joiner = new TextJoiner();
  const reasoning: PlacedReasoning[] = [];
  const lastText = response.parts.findLastIndex((part) => part.type === 'text' && part.text !== '');
  const calls: JsonObject[] = [];
  const images: JsonObject[] = [];
  const message: JsonObject = { role: 'assistant', content: null, refusal: null };
  const legacy = legacyNames(context.tools);
  let refusal = '';
  for (const [at, part] of response.parts.entries()) {
    switch (part.type) {
      case 'text':
        losses.foreign(part.extension);
        texts.push({ part, joined: joiner.joinPart(part) });
        break;
      case 'reasoning':
        losses.foreign(part.extension);
        reasoning.push({ part, afterText: lastText !== -1 && at > lastText });
        break;
      case 'refusal':
        refusal += part.text;
        break;
      case 'tool-call':
        // Calls of tools that the provider ran are complete, but a client would try to answer them.
        if (part.kind === 'server') {
          losses.serverCall(part, false);
          break;
        }
        losses.foreign(part.extension);
        if (legacy.has(part.name)) {
          if (message.function_call === undefined) message.function_call = buildToolCall(part).function;
          else losses.lost('tool_calls');
          if (part.signature !== undefined) losses.lost('thought_signature');
        } else {
          const seal = buildCallSeal(part, calls.length === 0, reasoning);
          calls.push({ ...buildToolCall({ ...part, id: clientCallId(part.id, part.signature) }), ...seal });
        }
        break;
      case 'image':
        losses.foreignMedia('image', part.extension);
        if (part.source.kind === 'base64') {
          const url = buildDataUrl(part.source.mediaType, part.source.data);
          images.push({ type: 'image_url', image_url: { url } });
        } else if (part.source.kind === 'url') {
          images.push({ type: 'image_url', image_url: { url: part.source.url } });
        }
        break;
      case 'audio':
        losses.foreignMedia('audio', part.extension);
        if (part.source.kind === 'base64') {
          const own = ownFields(part.extension);
          message.audio = { ...unsaidAudio(context), ...own, data: part.source.data };
        }
        break;
      case 'server-tool-result':
        losses.serverResult(part);
        break;
      case 'opaque': {
        const image = ownImage(part.dialect, part.name, part.value);
        if (image !== undefined) images.push(image);
        else losses.lost(part.name);
        break;
      }
      case 'document':
        losses.lost('document');
        break;
      case 'tool-result':
        break;
    }
    joiner.endPart(part);
  }
  if (texts.length > 0) message.content = texts.map(({ joined }) => joined).join('');
  if (refusal !== '') message.refusal = refusal;
  Object.assign(message, buildReasoningFields(reasoning, context));
  if (calls.length > 0) message.tool_calls = calls;
  if (images.length > 0) message.images = images;
  const annotations = buildAnnotations(texts, losses);
  if (annotations.length > 0) message.annotations = annotations;
  // OpenAI sends '' for an answer that is only thinking, and refuses null if a client sends it back. Mistral sends '' beside calls as well,
  // and LlamaIndex's class for it fails at null.
  const emptied = context.readsMistrals === true || !INSTEAD_OF_TEXT.some((field) => message[field]);
  if (message.content === null && emptied) message.content = '';
  return message;
}

interface PlacedText {
  part: TextPart;
  /** The text, preceded by what separates it from the one before. */
  joined: string;
}

function buildAnnotations(texts: readonly PlacedText[], losses: AnswerLosses): JsonObject[] {
  const annotations: JsonObject[] = [];
  let base = 0;
  for (const { part, joined } of texts) {
    const { text, citations } = part;
    base += joined.length - text.length;
    for (const citation of citations ?? []) {
      const annotation = buildAnnotation(citation, base, text.length);
      if (annotation === undefined) losses.lost('citations');
      else {
        losses.citation(citation, ANNOTATED);
        annotations.push(annotation);
      }
    }
    base += text.length;
  }
  return annotations;
}
