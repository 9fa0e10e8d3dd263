// NeutralResponse → a whole answer. https://ai.google.dev/api/generate-content#generatecontentresponse
import type { Part } from '../../model/content.ts';
import { GatewayError } from '../../model/errors.ts';
import { asObject, type JsonObject } from '../../model/json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import type { AnswerContext } from '../dialect.ts';
import { callPart, mediaDataPart, redactedPart, replayedPart } from './answer-parts.ts';
import { createGroundingWriter, type GroundingWriter } from './citations.ts';
import { buildFinish } from './finish.ts';
import { signatureForClient } from './signature.ts';
import { createSpanWriter, type SpanWriter } from './span-writer.ts';
import { buildUsage } from './usage.ts';
import { ownFields } from './wire.ts';

export function buildResponse(response: NeutralResponse, context: AnswerContext): JsonObject {
  if (response.finish.stopSequence !== undefined) context.lost?.('stop_sequence');
  const parts: JsonObject[] = [];
  const grounding = createGroundingWriter();
  const spans = createSpanWriter();
  for (const part of response.parts) {
    const built = buildPart(part, response, { grounding, spans });
    if (built !== undefined) addPart(parts, built);
  }
  const own = ownFields(response.extension);
  const metadata = grounding.metadata();
  const candidate = {
    content: { parts, role: 'model' },
    finishReason: buildFinish(response.finish),
    index: 0,
    ...(metadata === undefined ? {} : { groundingMetadata: metadata }),
    ...asObject(own.candidate),
  };
  const more = asObject(own.response) ?? {};
  const isBlocked = more.promptFeedback !== undefined && parts.length === 0;
  return {
    ...(isBlocked ? {} : { candidates: [candidate] }),
    ...more,
    usageMetadata: buildUsage(response.usage),
    modelVersion: response.model ?? context.model,
    responseId: response.id ?? context.requestId,
  };
}

/** A signature without text goes onto the part before it, which it seals. */
function addPart(parts: JsonObject[], part: JsonObject): void {
  const last = parts.at(-1);
  const isSeal = part.text === '' && part.thought !== true && part.thoughtSignature !== undefined;
  const hasPlace = last !== undefined && last.thought !== true && last.thoughtSignature === undefined;
  if (isSeal && hasPlace && (typeof last.text === 'string' || last.inlineData !== undefined)) {
    last.thoughtSignature = part.thoughtSignature;
  } else parts.push(part);
}

function buildPart(
  part: Part,
  response: NeutralResponse,
  { grounding, spans }: { grounding: GroundingWriter; spans: SpanWriter },
): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      spans.begin();
      spans.add(part.text);
      for (const citation of part.citations ?? []) grounding.add(citation, spans.segment(citation));
      return part.text === '' ? undefined : { text: part.text };
    case 'refusal':
      return part.text === '' ? undefined : { text: part.text };
    case 'reasoning': {
      if (part.redacted !== undefined) return redactedPart(part.redacted);
      const signature = signatureForClient(part.signature);
      if (part.text !== '') return { text: part.text, thought: true, ...signature };
      return part.signature === undefined ? undefined : { text: '', ...signature };
    }
    case 'tool-call': {
      const built = callPart(part);
      if (built === undefined && response.finish.unified !== 'max_tokens') {
        throw new GatewayError(
          'upstream_malformed',
          `the provider sent arguments of a call of ${part.name} that are not a JSON object; ask again`,
        );
      }
      return built ?? undefined;
    }
    case 'image':
    case 'audio':
    case 'document':
      return part.source.kind === 'base64'
        ? mediaDataPart(part.source.mediaType, part.source.data)
        : undefined;
    case 'server-tool-result':
    case 'opaque':
      return replayedPart(part.dialect, part.value);
    case 'tool-result':
      return undefined;
  }
}
