// Plans an upstream request that is forwarded as it is: the client's own, with another key.
import { PROVIDER_SIDES } from '../../dialects/registry.ts';
import type { ProviderDialectId } from '../../model/dialect-id.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { isDialect } from '../../routing/forwarded.ts';
import type { Target } from '../../routing/targets.ts';
import { buildRequestHeaders } from '../../upstream/headers.ts';
import type { StreamedBody } from '../../upstream/transport.ts';
import { transformHeaders } from '../transform/request.ts';
import { type Asking, credentialsFor, gatewayKeyTest } from './credentials.ts';
import { countHop } from './hops.ts';
import { baseUrlOf } from './spoken-dialect.ts';
import { withoutKeys, withoutParameter, withQuery } from './pass-query.ts';
import type { Plan, PlanContext } from './plan.ts';
import { stepsFor } from './request-line.ts';

export interface ForwardedRequest {
  method: string;
  /** Appended to the provider's base URL. */
  path: string;
  /** With its question mark; empty where there is none. */
  query: string;
  /** The query parameter that may hold a key in the client's dialect. */
  keyParameter: string | undefined;
  headers: HeaderReader;
  body: Uint8Array<ArrayBuffer> | StreamedBody | undefined;
  /** The dialect of the path and of errors. */
  dialect: ProviderDialectId;
  /** The dialect spoken with the target. */
  spoken: ProviderDialectId;
}

/** Null where clients cannot present a key in the dialect spoken. */
export function askingFor({ spoken, headers }: Pick<ForwardedRequest, 'spoken' | 'headers'>): Asking | null {
  return isDialect(spoken) ? { asks: spoken, dialect: spoken, headers } : null;
}

export function planForward(asked: ForwardedRequest, target: Target, context: PlanContext): Plan {
  const { dialect, spoken, headers: sent, method, body } = asked;
  const { provider } = target;
  const side = PROVIDER_SIDES[spoken];
  const { key, authentication, chargesUs } = credentialsFor(askingFor(asked), target, side, context);
  const headers = buildRequestHeaders({
    client: sent,
    chargesUs,
    isGatewayKey: gatewayKeyTest(context.serverKeys),
    dialect: authentication,
    listHeaders: side.listHeaders ?? [],
    configured: provider.headers,
    stream: false,
    userAgent: context.userAgent,
  });
  countHop(headers, sent, target);
  // Forms name their boundary in it, so it must be the client's.
  const type = sent.get('content-type');
  if (type === null) headers.delete('content-type');
  else headers.set('content-type', type);
  const transformed = transformHeaders(stepsFor(target, context), target, headers);
  const query = withoutParameter(withoutKeys(asked.query, context.serverKeys), asked.keyParameter);
  return {
    target,
    dialect,
    side,
    sameDialect: true,
    passesAnswer: true,
    url: withQuery(baseUrlOf(provider, spoken) + asked.path, query),
    headers,
    body: '',
    forwarded: { method, body },
    ...transformed,
    key,
    hides: undefined,
    answerSteps: [],
  };
}
