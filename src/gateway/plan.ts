// The upstream request for one target: the client's own bytes where both sides speak alike, else a translation.
import { DIALECTS } from '../dialects/registry.ts';
import type { ProviderSide } from '../dialects/dialect.ts';
import { GatewayError } from '../model/errors.ts';
import { DIALECT_IDS, type DialectId } from '../model/dialect-id.ts';
import type { JsonValue } from '../model/json.ts';
import { editTopLevel } from '../model/json-edit.ts';
import type { Loss, NeutralRequest } from '../model/request.ts';
import type { Target } from '../routing/targets.ts';
import type { SseEvent } from '../sse/event.ts';
import { bearerOf, buildRequestHeaders, presentedProviderKeys } from '../upstream/headers.ts';
import { matchesAny } from './admission.ts';
import type { Incoming } from './incoming.ts';

/** What is asked, however it came in. */
export interface Question {
  /** Null: asked through the library, in neutral form. */
  incoming: Incoming | null;
  /** The neutral request; parsed on first use, since a passthrough needs none. Throws `invalid_request`. */
  neutral(): NeutralRequest;
  stream: boolean;
}

export interface Plan {
  target: Target;
  dialect: DialectId;
  side: ProviderSide;
  /** Client and provider speak the same dialect: bytes pass. */
  sameDialect: boolean;
  url: string;
  headers: Headers;
  body: string;
  losses: Loss[];
  /** Whose key is used: a client's own key that is refused says nothing about the provider. */
  key: 'own' | 'client' | 'none';
  hides: ((event: SseEvent) => boolean) | undefined;
}

export interface PlanContext {
  /** The gateway's own keys: never a provider's. */
  serverKeys: readonly string[];
  userAgent: string;
}

export function planCall(question: Question, target: Target, context: PlanContext): Plan {
  const { provider, model } = target;
  const { incoming, stream } = question;
  const dialect = provider.dialect === 'any' ? (incoming?.dialect ?? DIALECT_IDS[0]) : provider.dialect;
  const side = DIALECTS[dialect].provider;
  const sameDialect = incoming !== null && incoming.dialect === dialect;
  const clientsKey =
    sameDialect && provider.forwardClientKey ? ownKeyOfClient(incoming.headers, context.serverKeys) : null;
  const key = clientsKey ?? provider.apiKey;
  const { body, losses, hides } = sameDialect
    ? passBody(incoming, side, target)
    : translateBody(question, side, target);
  const authentication = side.headers(key);
  const headers = buildRequestHeaders({
    client: sameDialect ? incoming.headers : null,
    dialect:
      clientsKey === null ? authentication : asClientSent(authentication, incoming?.headers, clientsKey),
    listHeaders: side.listHeaders ?? [],
    configured: provider.headers,
    stream,
    userAgent: context.userAgent,
  });
  return {
    target,
    dialect,
    side,
    sameDialect,
    url: `${provider.baseUrl}${side.endpoint(model, stream)}${sameDialect ? incoming.query : ''}`,
    headers,
    body,
    losses,
    key: clientsKey !== null ? 'client' : provider.apiKey !== null ? 'own' : 'none',
    hides,
  };
}

function passBody(
  incoming: Incoming,
  side: ProviderSide,
  target: Target,
): Pick<Plan, 'body' | 'losses' | 'hides'> {
  const { quirks } = target.provider;
  const edits: Record<string, JsonValue | undefined> = side.passthrough.edits(incoming.body, quirks);
  if (incoming.model !== target.model) edits.model = target.model;
  const hides = incoming.stream ? side.passthrough.hides?.(incoming.body, quirks) : undefined;
  return { body: editTopLevel(incoming.text, edits), losses: [], hides };
}

function translateBody(
  question: Question,
  side: ProviderSide,
  target: Target,
): Pick<Plan, 'body' | 'losses' | 'hides'> {
  const options = { model: target.model, quirks: target.provider.quirks };
  try {
    const { body, losses } = side.buildRequest(question.neutral(), options);
    return { body: JSON.stringify(body), losses, hides: undefined };
  } catch (thrown) {
    // JSON is parsed to any depth, but walked and written by recursion.
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new GatewayError('invalid_request', 'the body is nested too deeply; send flatter JSON', {
      cause: thrown,
    });
  }
}

/** The client's own provider key: what it presents and is no key of this gateway. */
function ownKeyOfClient(headers: Headers, serverKeys: readonly string[]): string | null {
  return presentedProviderKeys(headers).find((key) => !matchesAny(key, serverKeys)) ?? null;
}

/** A key that came as Bearer goes on as Bearer, where the dialect would have put it elsewhere. */
function asClientSent(
  authentication: Record<string, string>,
  headers: Headers | undefined,
  key: string,
): Record<string, string> {
  if (headers === undefined || bearerOf(headers) !== key || 'authorization' in authentication)
    return authentication;
  const others = Object.entries(authentication).filter(([, value]) => value !== key);
  return { ...Object.fromEntries(others), authorization: `Bearer ${key}` };
}
