// Summaries of a conversation that any provider can read, in the block in which Anthropic's clients carry signed ones.
// https://platform.claude.com/docs/en/build-with-claude/compaction-on-demand
import type { Extension } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { summaryFromWire, summaryToWire } from '../../model/opaque-token.ts';
import type { Message, NeutralRequest } from '../../model/request.ts';
import type { ClientSummaries } from '../operations.ts';
import { COMPACTION, ID, ownFields } from './wire.ts';

export const summaries: ClientSummaries = {
  isAsked: ({ compaction }) => asObject(compaction) !== undefined,
  plain(request) {
    const { boundTo, ...unbound } = request;
    const { [COMPACTION]: asked, ...fields } = ownFields(request.extension);
    const extension: Extension = { ...request.extension, dialect: ID, fields };
    const plain: NeutralRequest = { ...unbound, extension };
    const instructions = asString(asObject(asked)?.instructions)?.trim();
    // Other reasons that bind the request to Anthropic remain.
    const keepsBinding = boundTo !== undefined && boundTo.field !== COMPACTION;
    return {
      request: keepsBinding ? { ...plain, boundTo } : plain,
      ...(instructions && { instructions }),
    };
  },
  buildPart: (text) => ({
    name: COMPACTION,
    value: { type: COMPACTION, content: text, encrypted_content: null, signature: summaryToWire('') },
  }),
  finish: { unified: 'other', raw: COMPACTION },
};

/** Whether the block's summary was written for the gateway, by a model other than Anthropic's. */
export function isOfGateway({ signature }: JsonObject): boolean {
  return summaryFromWire(asString(signature) ?? '') !== undefined;
}

/**
 * The turn to append to a summary that ends the conversation, as the official SDK's tool runner sends it: Anthropic's servers then continue
 * the work, whereas others take a last turn of the assistant for the beginning of their answer, or refuse it.
 */
export function turnBehindSummary(messages: readonly JsonValue[]): Message | undefined {
  const last = asObject(asArray(asObject(messages.at(-1))?.content)?.at(-1));
  if (last?.type !== COMPACTION || !asString(last.content)) return undefined;
  return { role: 'user', parts: [{ type: 'text', text: GO_ON }] };
}

const GO_ON =
  'The summary above stands for the part of the conversation that is not shown here. Continue from it.';
