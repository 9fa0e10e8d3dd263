// Which provider gets a request that only a provider itself can answer (files, batches, images): one, without fallback.
import type { ProviderConfig, ResolvedConfig } from '../config/resolved.ts';
import type { DialectId } from '../model/dialect-id.ts';
import { GatewayError } from '../model/errors.ts';
import type { RouteDecision } from '../model/route-decision.ts';
import type { Route } from './route.ts';
import { aliased, forcedProvider, resolveNamed, serves, type Target } from './targets.ts';

export interface ForwardQuestion {
  /** For messages. */
  path: string;
  /** The dialects whose providers may have the path. */
  spokenBy: readonly DialectId[];
  /** `x-sluice-target`, null where not given. */
  forced: string | null;
  /** The model that the request names, null where it names none. */
  model: string | null;
}

/** The dialect that the provider speaks of these; undefined where it gets none of such requests. */
export function forwardDialect(
  { forwardOtherPaths, endpoint, authorization, dialect, alsoSpeaks = [] }: ProviderConfig,
  spokenBy: readonly DialectId[],
): DialectId | undefined {
  // With paths or signatures of its own, it has the dialect's messages and not the vendor's whole API.
  if (!forwardOtherPaths || endpoint !== undefined || authorization !== undefined) return undefined;
  return spokenBy.find((candidate) => candidate === dialect || alsoSpeaks.includes(candidate));
}

/** Throws GatewayError `unknown_model` or `unsupported_feature` that says where the request could go instead. */
export function routeForwarded(question: ForwardQuestion, config: ResolvedConfig): Route {
  const { target, decision } = choose(question, config);
  return {
    targets: [target],
    ownTargets: 1,
    decision,
    conversation: null,
    policy: { continueStreams: false, hedgeAfterMs: null, contextFallback: [], transformers: [] },
    served() {},
  };
}

function choose(
  { path, spokenBy, forced, model }: ForwardQuestion,
  config: ResolvedConfig,
): { target: Target; decision: RouteDecision } {
  const isFit = (provider: ProviderConfig) => forwardDialect(provider, spokenBy) !== undefined;
  const explicit = (target: Target, rule: string, why: string) => {
    if (!isFit(target.provider)) throw unsupported(path, target.provider, config.providers.filter(isFit));
    return { target, decision: { kind: 'explicit' as const, rule, why, order: null } };
  };
  if (forced !== null) {
    const provider = forcedProvider(forced, config);
    const named = forced.slice(provider.name.length + 1);
    const target = { provider, model: aliased(provider, named === '' ? (model ?? '') : named) };
    return explicit(target, 'x-sluice-target', `x-sluice-target is "${forced}"`);
  }
  const named = model === null ? undefined : resolveNamed(model, config);
  if (named !== undefined) return explicit(named, 'model', `model "${model}" names its provider`);
  const fit = config.providers.filter(isFit);
  const [first] = fit;
  if (first === undefined) throw unsupported(path, null, []);
  const { defaultProvider } = config.routing;
  const knows = model === null ? undefined : fit.find((provider) => serves(provider, model));
  const usual = fit.find(({ name }) => name === defaultProvider);
  const provider = knows ?? usual ?? first;
  const rule =
    provider === knows
      ? 'the provider that knows the model'
      : provider === usual
        ? `routing.default_provider: ${defaultProvider}`
        : 'the first provider that may have the path';
  const target = { provider, model: aliased(provider, model ?? '') };
  return { target, decision: { kind: 'default', rule, why: `${path} is forwarded as it is`, order: null } };
}

function unsupported(
  path: string,
  provider: ProviderConfig | null,
  fit: readonly ProviderConfig[],
): GatewayError {
  const what = provider === null ? 'no provider' : `not ${provider.name}`;
  const instead =
    fit.length === 0
      ? 'configure a provider whose own API it is'
      : `ask ${fit.map(({ name }) => name).join(' or ')}, in the header x-sluice-target`;
  return new GatewayError(
    'unsupported_feature',
    `${path}: ${what} has this path among those that are forwarded to it; ${instead}`,
  );
}
