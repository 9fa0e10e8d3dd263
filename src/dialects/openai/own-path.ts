// Normalizes a client's path, if its SDK adds more to the base URL than OpenAI's SDKs do, or a cloud has the API elsewhere.
import { decodedPercent } from '../../model/percent-encoding.ts';
import { asString } from '../../model/json/json.ts';
import type { ClientRoute } from '../dialect.ts';
import type { Envelope } from '../envelope.ts';
import { OF_GOOGLE, OPENAPI_ENDPOINT } from '../shared/google-clients.ts';

/** Paths below a deployment. */
const OF_DEPLOYMENT = /\/(?:chat\/completions|completions|embeddings|images\/\w+|audio\/\w+)$/.source;
/** Paths outside of deployments. */
const OF_NONE = /\/(?:responses|models|realtime)(?:\/|$)/.source;

/**
 * Groq's SDKs put `/openai` before the version, whatever their base URL. Azure's put it in place of the version, followed by the
 * deployment, which only some of them encode.
 * https://learn.microsoft.com/azure/ai-foundry/openai/reference
 */
const IN_FRONT = new RegExp(`^/openai(?:/v1(?=/)|/deployments/(.+?)(?=${OF_DEPLOYMENT})|(?=${OF_NONE}))`);

/** There, names of Google's own models begin with the vendor. */
const OPENAPI: Envelope = {
  open(body, given) {
    const opened = OF_GOOGLE.open(body, given);
    const model = asString(body.model);
    if (model?.startsWith('google/')) opened.edits.model = model.slice('google/'.length);
    return opened;
  },
};

/** @returns the path as OpenAI's SDKs write it. */
export function ownPath(path: string): string {
  return path.replace(OPENAPI_ENDPOINT, '/v1').replace(IN_FRONT, '/v1');
}

/** OpenAI's base URLs include the version. */
export function belowBase(path: string): string {
  return path.slice('/v1'.length);
}

/**
 * What only the path states: the model, with Azure, and that the client is Google Cloud's. Azure's query is for Azure alone (its API
 * version).
 */
export function routeInFront(path: string): Pick<ClientRoute, 'modelForBody' | 'ownsQuery' | 'envelope'> {
  if (OPENAPI_ENDPOINT.test(path)) return { ownsQuery: true, envelope: OPENAPI };
  const [front, deployment] = IN_FRONT.exec(path) ?? [];
  if (front === undefined || front === '/openai/v1') return {};
  const model = deployment === undefined ? undefined : (decodedPercent(deployment) ?? deployment);
  return { ownsQuery: true, ...(model !== undefined && { modelForBody: model }) };
}
