// A client's path below the base URL, where its SDK adds more to it than OpenAI's SDKs do.
import type { ClientRoute } from '../dialect.ts';

/** Paths below a deployment. */
const OF_DEPLOYMENT = /\/(?:chat\/completions|completions|embeddings|images\/\w+|audio\/\w+)$/.source;
/** Paths outside of deployments. */
const OF_NONE = /\/(?:responses|models)(?:\/|$)/.source;

/**
 * Groq's SDKs put `/openai` before the version, whatever their base URL; Azure's put it in place of the version, and
 * after it the deployment, which only some of them encode.
 * https://learn.microsoft.com/azure/ai-foundry/openai/reference
 */
const IN_FRONT = new RegExp(`^/openai(?:/v1(?=/)|/deployments/(.+?)(?=${OF_DEPLOYMENT})|(?=${OF_NONE}))`);

/** @returns the path as OpenAI's SDKs would write it. */
export function ownPath(path: string): string {
  return path.replace(IN_FRONT, '/v1');
}

/** What Azure's clients state only in the path: the model. Their query is for Azure (its API version), not for others. */
export function azureRoute(path: string): Pick<ClientRoute, 'modelForBody' | 'ownsQuery'> {
  const [front, deployment] = IN_FRONT.exec(path) ?? [];
  if (front === undefined || front === '/openai/v1') return {};
  const model = deployment === undefined ? undefined : decoded(deployment);
  return { ownsQuery: true, ...(model !== undefined && { modelForBody: model }) };
}

/** An invalid encoding is left as it is. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
