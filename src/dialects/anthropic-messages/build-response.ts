// A whole message for a client of this dialect.
import { asString, isObject, type JsonObject } from '../../model/json/json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { AnswerLosses } from '../shared/losses/answer-losses.ts';
import type { AnswerContext } from '../dialect.ts';
import { LossReport } from '../shared/losses/loss-report.ts';
import { buildBlocks } from './build-content.ts';
import { createCitedPages } from './cited-pages.ts';
import { buildCitation, citationDetails } from './citations.ts';
import { buildStopReason, knownEndings } from './finish.ts';
import { modelName } from './model-name.ts';
import { buildUsage, COUNTS_WITHOUT_FIELD } from './usage.ts';
import { ID, ownFields } from './wire.ts';

/** A signature after the last block: see encode-stream.ts. */
export const LAST_SIGNATURE = 'thought_signature';

export function buildResponse(response: NeutralResponse, context: AnswerContext): JsonObject {
  const losses = new LossReport(ID);
  const pages = createCitedPages(context);
  const parts = response.parts.filter((part) => {
    const isTaken = part.type === 'tool-call' && part.kind === 'server' && pages?.takes(part) === true;
    if (isTaken) pages?.searched(part.arguments);
    return !isTaken;
  });
  const content = buildBlocks(parts, {
    losses,
    answer: true,
    opensSeals: false,
    forgetsThinking: false,
    serverTools: new Map(),
    mcpCalls: new Set(),
  });
  losses.foreign(response.extension);
  const answerLosses = new AnswerLosses(ID, context);
  const said = content.findLastIndex((block) => !isTextless(block));
  const kept = content[said]?.type === 'tool_use' ? content.length : Math.max(said + 1, 1);
  if (kept < content.length) {
    content.length = kept;
    answerLosses.lost(LAST_SIGNATURE);
  }
  for (const { feature, outcome, how = '' } of losses.list()) {
    if (outcome === 'lost') answerLosses.lost(feature);
    else answerLosses.approximated(feature, how);
  }
  if (response.parts.some((part) => 'logprobs' in part)) answerLosses.lost('logprobs');
  for (const part of response.parts) {
    if (part.type !== 'text') continue;
    for (const citation of part.citations ?? []) {
      pages?.cited(citation);
      if (buildCitation(citation) !== undefined) answerLosses.citation(citation, citationDetails(citation));
    }
  }
  const search = pages?.blocks(answerLosses) ?? [];
  if (search.length > 0) content.splice(Math.max(content.findIndex(isText), 0), 0, ...search);
  answerLosses.usage(response.usage, COUNTS_WITHOUT_FIELD);
  answerLosses.finish(response.finish, knownEndings(response.finish));
  return {
    id: response.id ?? messageId(context),
    type: 'message',
    role: 'assistant',
    model: modelName(response.model, context),
    content,
    stop_reason: buildStopReason(
      response.finish,
      response.parts.some((part) => part.type === 'refusal' && part.text !== ''),
    ),
    stop_sequence: response.finish.stopSequence ?? null,
    usage: buildUsage(response.usage, response.tier),
    ...messageFields(response, context),
  };
}

function isText({ type }: JsonObject): boolean {
  return type === 'text';
}

/** Whether the block consists of a signature: see encode-stream.ts. */
function isTextless({ type, thinking }: JsonObject): boolean {
  return type === 'redacted_thinking' || (type === 'thinking' && thinking === '');
}

/** Fields of the message, without pieces of streamed blocks that have no neutral form. */
function messageFields({ extension }: NeutralResponse, context: AnswerContext): JsonObject {
  const fields: JsonObject = {};
  for (const [name, value] of Object.entries(ownFields(extension))) {
    const isPiece = isObject(value) && asString(value.type)?.startsWith('content_block') === true;
    if (isPiece) context.lost?.(name);
    else fields[name] = value;
  }
  return fields;
}

/** The id for a message to which the provider gave none. */
export function messageId({ requestId }: AnswerContext): string {
  return `msg_${requestId}`;
}
