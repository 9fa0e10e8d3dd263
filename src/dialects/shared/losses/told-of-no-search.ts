// A request whose only tool is a web search, at a provider that has none: without a word of it, models write down what they
// remember, or invent pages, as if they had searched. Claude Code makes such a request for each WebSearch, and gives its agent
// the text as the results: https://github.com/codemie-ai/codemie-code/issues/304
import type { NeutralRequest } from '../../../model/request.ts';
import type { BuiltRequest } from '../../dialect.ts';
import { SAYS_NO_SEARCH } from './substitutes.ts';

/** Says nothing of earlier answers: a provider that searches may have given them. */
const NO_SEARCH =
  'No web search is available here, so none is made for this answer. Where one is asked for, say so in the first sentence, ' +
  'and invent neither results nor links. What you know without a search may follow, named as that.';

/** Builds the request, with that in its instructions where it asks for nothing but a search, and gets none. */
export function buildWithNoSearchTold(
  request: NeutralRequest,
  build: (request: NeutralRequest) => BuiltRequest,
): BuiltRequest {
  const built = build(request);
  const [tool, ...others] = request.tools;
  if (tool?.type !== 'server' || tool.search === undefined || others.length > 0) return built;
  const lost = `tools.${tool.name}`;
  if (!built.losses.some(({ feature, outcome }) => outcome === 'lost' && feature === lost)) return built;
  const told = build({ ...request, system: [...request.system, { type: 'text', text: NO_SEARCH }] });
  return {
    ...told,
    losses: [...told.losses, { feature: 'system', outcome: 'approximated', how: SAYS_NO_SEARCH }],
  };
}
