// The pages that another dialect's answer cites, as a search and its results, for a client that requested a search: Claude Code tells its
// model the sources only from these blocks. https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
import type { Citation, ToolCallPart } from '../../model/content.ts';
import { asArray, asString, type JsonObject, parseObject } from '../../model/json/json.ts';
import type { AnswerLosses } from '../shared/losses/answer-losses.ts';
import type { AnswerContext } from '../dialect.ts';
import { ID } from './wire.ts';

const HOW = 'its results are the pages that the answer cites';

/** The name of other dialects' searches in neutral form. */
const SEARCH = 'web_search';

export interface CitedPages {
  /** Whether the provider's call is another dialect's search, which these results replace. */
  takes(call: Pick<ToolCallPart, 'name' | 'extension'>): boolean;
  searched(argumentText: string): void;
  cited(citation: Citation): void;
  /** The search and its results; none if the answer cites no page. */
  blocks(losses: AnswerLosses): JsonObject[];
}

/** Undefined if the client requested no search. */
export function createCitedPages({ tools, requestId, kept }: AnswerContext): CitedPages | undefined {
  const search = tools?.find((tool) => tool.type === 'server' && tool.search !== undefined);
  if (search === undefined) return undefined;
  const titles = new Map<string, string>();
  let isSearched = false;
  /** The query of the first call that has one; other calls of OpenAI's search open pages. */
  let query: string | undefined;
  return {
    takes({ name, extension }) {
      const isForeign = name === SEARCH && extension?.dialect !== ID;
      isSearched ||= isForeign;
      return isForeign;
    },
    searched(argumentText) {
      query ??= queryOf(argumentText);
    },
    cited({ url, title, location, extension }) {
      if (url === undefined || location !== undefined || extension?.dialect === ID || titles.has(url)) return;
      titles.set(url, title ?? url);
      kept?.(url.length + (title?.length ?? 0));
    },
    blocks(losses) {
      if (titles.size === 0) {
        if (isSearched) losses.lost(`tools.${SEARCH}`);
        return [];
      }
      losses.approximated(`tools.${SEARCH}`, HOW);
      // By this beginning LiteLLM and LibreChat know that the client need not run the call. Claude's ids have no hyphen, so Claude gets
      // neither block back, see isForeignServerCall. https://github.com/danny-avila/agents/blob/main/src/tools/ToolNode.ts
      const id = `srvtoolu_search-${requestId}`;
      const content = [...titles].map(([url, title]) => ({
        type: 'web_search_result',
        title,
        url,
        // Only the provider could fill it.
        encrypted_content: '',
        page_age: null,
      }));
      return [
        { type: 'server_tool_use', id, name: search.name, input: { query: query ?? '' } },
        { type: 'web_search_tool_result', tool_use_id: id, content },
      ];
    },
  };
}

/** The query in an action of OpenAI's search, or in the arguments of another. */
function queryOf(argumentText: string): string | undefined {
  const action = parseObject(argumentText);
  return asString(action?.query) ?? asString(asArray(action?.queries)?.[0]);
}
