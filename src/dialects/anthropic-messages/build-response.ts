// A whole message for a client of this dialect.
import type { JsonObject } from '../../model/json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import type { AnswerContext } from '../dialect.ts';
import { createLossReport } from '../loss-report.ts';
import { buildBlocks } from './build-content.ts';
import { buildStopReason } from './finish.ts';
import { buildUsage } from './usage.ts';
import { ID, ownFields } from './wire.ts';

export function buildResponse(response: NeutralResponse, context: AnswerContext): JsonObject {
  const losses = createLossReport(ID);
  const content = buildBlocks(response.parts, { losses, answer: true });
  for (const { feature, outcome } of losses.list()) if (outcome === 'lost') context.lost?.(feature);
  return {
    id: response.id ?? messageId(context),
    type: 'message',
    role: 'assistant',
    model: response.model ?? context.model,
    content,
    stop_reason: buildStopReason(response.finish),
    stop_sequence: response.finish.stopSequence ?? null,
    usage: buildUsage(response.usage),
    ...ownFields(response.extension),
  };
}

/** The id of a message whose provider gave none. */
export function messageId({ requestId }: AnswerContext): string {
  return `msg_${requestId}`;
}
