// Summaries of a conversation that any provider can read, in the block in which Anthropic's clients carry signed ones.
// https://platform.claude.com/docs/en/build-with-claude/compaction-on-demand
import type { Extension } from '../../model/content.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import { summaryFromWire, summaryToWire } from '../../model/opaque-token.ts';
import type { NeutralRequest } from '../../model/request.ts';
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
    // Whatever else binds the request still does.
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

/** Whether the block's summary was written by another model than Anthropic's, for the gateway. */
export function isOfGateway({ signature }: JsonObject): boolean {
  return summaryFromWire(asString(signature) ?? '') !== undefined;
}
