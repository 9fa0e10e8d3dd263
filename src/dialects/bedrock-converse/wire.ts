// Names in Converse, and of the dialect whose clients ask Claude here for what Converse has no field for.
import type { ProviderDialectId } from '../../model/dialect-id.ts';

export const ID = 'bedrock-converse' satisfies ProviderDialectId;

export const ANTHROPIC = 'anthropic-messages' satisfies ProviderDialectId;

/** A field of Anthropic's requests and answers, which Amazon passes on to Claude and, on request, returns. */
export const CONTEXT_MANAGEMENT = 'context_management';

/** Nova's own web search, which Amazon bills per search. https://docs.aws.amazon.com/nova/latest/userguide/grounding.html */
export const NOVA_SEARCH = 'nova_grounding';
