// Names on the Converse wire, and of the dialect whose clients ask Claude here for what Converse has no field for.
import type { ProviderDialectId } from '../../model/dialect-id.ts';

export const ID = 'bedrock-converse' satisfies ProviderDialectId;

export const ANTHROPIC = 'anthropic-messages' satisfies ProviderDialectId;

/** A field of Anthropic's requests and answers, which Amazon hands on to Claude and, where asked for it, back. */
export const CONTEXT_MANAGEMENT = 'context_management';

/** Nova's own web search, which Amazon bills by the search. https://docs.aws.amazon.com/nova/latest/userguide/grounding.html */
export const NOVA_SEARCH = 'nova_grounding';
