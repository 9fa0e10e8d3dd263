// The name of the Converse wire.
import type { ProviderDialectId } from '../../model/dialect-id.ts';

export const ID = 'bedrock-converse' satisfies ProviderDialectId;
