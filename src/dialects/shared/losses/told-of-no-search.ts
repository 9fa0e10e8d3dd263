// A request whose only tool is a web search, at a provider that has none: without a word of it, models write down what they
// remember, or invent pages, as if they had searched. Claude Code makes such a request for each WebSearch, and gives its agent
// the text as the results: https://github.com/codemie-ai/codemie-code/issues/304
import type { Loss, NeutralRequest } from '../../../model/request.ts';

/** Says nothing of earlier answers: a provider that searches may have given them. */
const NO_SEARCH =
  'No web search is available here, so none is made for this answer. Where one is asked for, say so in the first sentence, ' +
  'and invent neither results nor links. What you know without a search may follow, named as that.';

/** The request with that in its instructions; undefined where it asks for no search, for more than that, or gets one. */
export function toldOfNoSearch(request: NeutralRequest, losses: readonly Loss[]): NeutralRequest | undefined {
  const [tool, ...others] = request.tools;
  if (tool?.type !== 'server' || tool.search === undefined || others.length > 0) return undefined;
  const isLost = losses.some(
    ({ feature, outcome }) => outcome === 'lost' && feature === `tools.${tool.name}`,
  );
  if (!isLost) return undefined;
  return { ...request, system: [...request.system, { type: 'text', text: NO_SEARCH }] };
}
