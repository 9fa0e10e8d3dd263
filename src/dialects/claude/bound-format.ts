// When an answer can be bound to a JSON schema: in other requests Claude refuses that, and is told the schema instead.
import type { Part } from '../../model/content.ts';
import type { NeutralRequest } from '../../model/request.ts';
import { prefillOf } from '../shared/turns/prefill.ts';
import type { ModelTraits } from './models.ts';

/**
 * Neither where it goes on with a turn of its own, nor with citations.
 * https://platform.claude.com/docs/en/build-with-claude/structured-outputs
 */
export function bindsFormat(request: NeutralRequest, traits: ModelTraits): boolean {
  if (!traits.structuredOutput) return false;
  const continues = traits.prefill !== false && prefillOf(request) !== undefined;
  return !continues && !request.messages.some(({ parts }) => parts.some(cites));
}

function cites(part: Part): boolean {
  return part.type === 'document' && part.cites === true;
}
