// A request whose only tool is a web search, or a fetch of a page, at a provider that has neither. Unless told of that, models write what
// they remember, or invent pages, as if they had searched. Claude Code makes such a request for each WebSearch, and gives its agent the
// text as results: https://github.com/codemie-ai/codemie-code/issues/304
import type { NeutralRequest, Tool } from '../../../model/request.ts';
import type { BuiltRequest } from '../../dialect.ts';
import { SAYS_NO_FETCH, SAYS_NO_SEARCH } from './substitutes.ts';

interface Lack {
  told: string;
  how: string;
}

/** Does not speak of earlier answers, which a provider that searches may have given. */
const NO_SEARCH: Lack = {
  told:
    'No web search is available here, so none is made for this answer. Where one is asked for, say so in the first sentence, ' +
    'and invent neither results nor links. What you know without a search may follow, named as that.',
  how: SAYS_NO_SEARCH,
};
const NO_FETCH: Lack = {
  told:
    'No page can be fetched here, so none is read for this answer. Where one is asked for, say so in the first sentence, ' +
    'and do not invent what it says. What you know without it may follow, named as that.',
  how: SAYS_NO_FETCH,
};

/** Anthropic's tool and Google's. */
const FETCHES: readonly string[] = ['web_fetch', 'urlContext'];

/** Builds the request; if it asks for nothing but the tool and loses it, its instructions say so. */
export function buildWithLackTold(
  request: NeutralRequest,
  build: (request: NeutralRequest) => BuiltRequest,
): BuiltRequest {
  const built = build(request);
  const [tool, ...others] = request.tools;
  const lack = tool && others.length === 0 ? lackOf(tool) : undefined;
  const lost = `tools.${tool?.name}`;
  if (!lack || !built.losses.some(({ feature, outcome }) => outcome === 'lost' && feature === lost))
    return built;
  const told = build({ ...request, system: [...request.system, { type: 'text', text: lack.told }] });
  return {
    ...told,
    losses: [...told.losses, { feature: 'system', outcome: 'approximated', how: lack.how }],
  };
}

function lackOf(tool: Tool): Lack | undefined {
  if (tool.type !== 'server') return undefined;
  if (tool.search !== undefined) return NO_SEARCH;
  return FETCHES.includes(tool.name) ? NO_FETCH : undefined;
}
