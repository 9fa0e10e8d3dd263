// A client's path below the base URL, where its SDK writes more of it than OpenAI's do.
import type { ClientRoute } from '../dialect.ts';

/** What is asked of a deployment. */
const OF_DEPLOYMENT = /\/(?:chat\/completions|completions|embeddings|images\/\w+|audio\/\w+)$/.source;
/** What is asked of none. */
const OF_NONE = /\/(?:responses|models)(?:\/|$)/.source;

/**
 * Groq's SDKs write `/openai` in front of the version, whatever base URL they are given; those of Azure write it in place of
 * the version, and behind it the deployment, which only some of them encode.
 * https://learn.microsoft.com/azure/ai-foundry/openai/reference
 */
const IN_FRONT = new RegExp(`^/openai(?:/v1(?=/)|/deployments/(.+?)(?=${OF_DEPLOYMENT})|(?=${OF_NONE}))`);

/** @returns the path as OpenAI's SDKs would write it. */
export function ownPath(path: string): string {
  return path.replace(IN_FRONT, '/v1');
}

/** What of the request Azure's clients say by the path alone, and by the version that they ask for in the query. */
export function saidByAzure(path: string): Pick<ClientRoute, 'modelForBody' | 'ownsQuery'> {
  const [front, deployment] = IN_FRONT.exec(path) ?? [];
  if (front === undefined || front === '/openai/v1') return {};
  const model = deployment === undefined ? undefined : decoded(deployment);
  return { ownsQuery: true, ...(model !== undefined && { modelForBody: model }) };
}

/** A path that is no text is looked for as it is written. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
