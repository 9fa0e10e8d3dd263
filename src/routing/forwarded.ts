// Which provider gets a request that only a provider itself can answer (files, batches, images): a single one, without fallback.
import type { ProviderConfig, ResolvedConfig } from '../config/resolved.ts';
import { DIALECT_IDS, type DialectId, type ProviderDialectId } from '../model/dialect-id.ts';
import { GatewayError } from '../model/errors.ts';
import { compileGlob } from '../model/glob.ts';
import type { RouteDecision } from '../model/route-decision.ts';
import { explicit, type Route } from './route.ts';
import { aliased, forcedProvider, resolveNamed, resolveTarget, serves, type Target } from './targets.ts';

interface ForwardQuestion {
  /** For messages. */
  path: string;
  /** The dialects, or wires, whose providers may get the path. */
  spokenBy: readonly ProviderDialectId[];
  /** `x-sluice-target`; null if not given. */
  forced: string | null;
  /** The model that the request names; null if it names none. */
  model: string | null;
  /** It is a WebSocket, which providers with paths of their own may accept too. */
  isSocket?: true;
  /** What to do if the provider does not have the path; for messages. */
  otherwise?: string | undefined;
}

/** Which of these dialects the provider speaks; undefined if it gets no such requests. */
function forwardDialect(
  {
    forwardOtherPaths,
    endpoint,
    authorization,
    socket,
    dialect,
    alsoSpeaks = [],
    alsoTakes,
    isGateway,
  }: ProviderConfig,
  { spokenBy, isSocket }: Pick<ForwardQuestion, 'spokenBy' | 'isSocket'>,
): ProviderDialectId | undefined {
  if (!forwardOtherPaths) return undefined;
  // A provider with paths or signatures of its own accepts the dialect's messages, but not the vendor's whole API.
  const isApart = endpoint !== undefined || authorization !== undefined;
  const takesEach = isGateway === true && dialect === 'any';
  const takesDialects = !isApart || (isSocket === true && socket !== undefined);
  return spokenBy.find((candidate) =>
    isDialect(candidate)
      ? takesDialects && (takesEach || candidate === dialect || alsoSpeaks.includes(candidate))
      : candidate === dialect || candidate === alsoTakes?.wire,
  );
}

/** Whether clients speak it. */
export function isDialect(id: ProviderDialectId): id is DialectId {
  return (DIALECT_IDS as readonly string[]).includes(id);
}

export interface ForwardRoute extends Route {
  target: Target;
  /** The dialect spoken with it. */
  spoken: ProviderDialectId;
}

/** Throws GatewayError `unknown_model` or `unsupported_feature` that says where the request could go instead. */
export function routeForwarded(question: ForwardQuestion, config: ResolvedConfig): ForwardRoute {
  const { target, decision } = choose(question, config);
  const spoken = forwardDialect(target.provider, question);
  if (spoken === undefined) throw unsupported(question, target.provider, fitting(question, config));
  return {
    target,
    spoken,
    targets: [target],
    ownTargets: 1,
    decision,
    conversation: null,
    policy: { continueStreams: false, hedgeAfterMs: null, contextFallback: [], transformers: [] },
    served() {},
  };
}

/** Whether the request names a provider that does not have the path. */
export function namesAnother(question: ForwardQuestion, config: ResolvedConfig): boolean {
  const { forced, model } = question;
  const named = model === null ? undefined : resolveNamed(model, config)?.provider;
  const provider = forced === null ? named : forcedProvider(forced, config);
  return provider !== undefined && forwardDialect(provider, question) === undefined;
}

/** The enabled providers that may have the path. */
export function fitting(
  asked: Pick<ForwardQuestion, 'spokenBy' | 'isSocket'>,
  { providers }: ResolvedConfig,
): ProviderConfig[] {
  return providers.filter((provider) => forwardDialect(provider, asked) !== undefined);
}

/** What holds for all requests within a body. */
interface AskedWithin extends Pick<ForwardQuestion, 'spokenBy' | 'forced'> {
  /** Its model is empty unless the header names one. */
  target: Target;
}

/**
 * Returns a function that gives the provider's name for a model named by a request within the body. That function throws GatewayError
 * `invalid_request` if the model is another provider's. @param where its argument for messages, such as `line 3`.
 */
export function namesWithin(
  { spokenBy, forced, target }: AskedWithin,
  config: ResolvedConfig,
): (model: string, where: string) => string {
  const { provider, model: forAll } = target;
  const mapped = mappedTo(provider, config);
  return (model, where) => {
    if (forAll !== '') return forAll;
    const slash = model.indexOf('/');
    const name = model.slice(0, Math.max(0, slash));
    if (name === provider.name) return aliased(provider, model.slice(slash + 1));
    const own = forced === null ? mapped(model) : undefined;
    if (own !== undefined) return own;
    const other = config.providers.find((candidate) => candidate.name === name);
    if (other === undefined || forced !== null || serves(provider, model)) return aliased(provider, model);
    const instead =
      forwardDialect(other, { spokenBy }) === undefined
        ? `${name} gets none of this dialect`
        : `or send the header "x-sluice-target: ${name}" with everything that belongs to the batch (its file, itself and its results)`;
    throw new GatewayError(
      'invalid_request',
      `${where} asks for "${model}", but all requests of a batch go to one provider, this one's to ${provider.name}; name a model of ${provider.name} there; ${instead}`,
    );
  };
}

/** The name that the mapping for a model gives it at the provider; undefined if none leads there. */
function mappedTo({ name }: ProviderConfig, config: ResolvedConfig): (model: string) => string | undefined {
  const mappings = config.routing.modelMappings.map(({ from, rule }) => ({ rule, fits: compileGlob(from) }));
  return (model) => {
    const { targets = [] } = mappings.find(({ fits }) => fits(model))?.rule ?? {};
    return targets
      .map(({ target }) => resolveTarget(target, model, config))
      .find((target) => target?.provider.name === name)?.model;
  };
}

/** Whether `namesWithin` may return a longer name than the given one. Vendors' names for others' models are never longer. */
export function mayGrow({ provider, model }: Target, { routing }: ResolvedConfig): boolean {
  const isMapped = routing.modelMappings.some(({ rule }) =>
    rule.targets.some(({ target }) => target.split('/', 1)[0] === provider.name),
  );
  return (
    isMapped ||
    model !== '' ||
    Object.entries(provider.models).some(([alias, own]) => writtenLength(own) > writtenLength(alias))
  );
}

/** Length in JSON, in bytes. */
function writtenLength(name: string): number {
  return new TextEncoder().encode(JSON.stringify(name)).length;
}

function choose(
  question: ForwardQuestion,
  config: ResolvedConfig,
): { target: Target; decision: RouteDecision } {
  const { path, forced, model } = question;
  if (forced !== null) {
    const provider = forcedProvider(forced, config);
    const named = forced.slice(provider.name.length + 1);
    const target = { provider, model: aliased(provider, named === '' ? (model ?? '') : named) };
    return { target, decision: explicit('x-sluice-target', `x-sluice-target is "${forced}"`) };
  }
  const named = model === null ? undefined : resolveNamed(model, config);
  if (named !== undefined)
    return { target: named, decision: explicit('model', `model "${model}" names its provider`) };
  const mapped = model === null ? undefined : byMapping(model, question, config);
  if (mapped !== undefined) return mapped;
  const { provider, rule } = usual(question, config);
  const target = { provider, model: aliased(provider, model ?? '') };
  return { target, decision: { kind: 'default', rule, why: `${path} is forwarded as it is`, order: null } };
}

/**
 * Only by a mapping that names the model itself: patterns such as `gpt-*` are meant for models that write, and would also match those that
 * draw.
 */
function byMapping(
  model: string,
  question: ForwardQuestion,
  config: ResolvedConfig,
): { target: Target; decision: RouteDecision } | undefined {
  const { targets = [], text = '' } =
    config.routing.modelMappings.find(({ from }) => from === model)?.rule ?? {};
  const target = targets
    .map(({ target }) => resolveTarget(target, model, config))
    .find((target) => target !== undefined && forwardDialect(target.provider, question) !== undefined);
  if (target === undefined) return undefined;
  const why = `model "${model}" fits "${model}"`;
  return { target, decision: { kind: 'model-mapping', rule: text, why, order: null } };
}

function usual(
  question: ForwardQuestion,
  config: ResolvedConfig,
): { provider: ProviderConfig; rule: string } {
  const { model } = question;
  const candidates = fitting(question, config);
  const knows = model === null ? undefined : candidates.find((provider) => serves(provider, model));
  if (knows !== undefined) return { provider: knows, rule: 'the provider that knows the model' };
  const { defaultProvider } = config.routing;
  const chosen = candidates.find(({ name }) => name === defaultProvider);
  if (chosen !== undefined) return { provider: chosen, rule: `routing.default_provider: ${defaultProvider}` };
  const [first] = candidates;
  if (first === undefined) throw unsupported(question, null, []);
  return { provider: first, rule: 'the first provider that may have the path' };
}

function unsupported(
  { path, otherwise }: ForwardQuestion,
  provider: ProviderConfig | null,
  fit: readonly ProviderConfig[],
): GatewayError {
  const whose = provider === null ? 'no provider has' : `${provider.name} does not have`;
  const instead =
    fit.length === 0
      ? 'configure a provider whose own API it is'
      : `ask ${fit.map(({ name }) => name).join(' or ')}, in the header x-sluice-target`;
  return new GatewayError(
    'unsupported_feature',
    `${path}: ${whose} this path among those that are forwarded to it; ${instead}${otherwise === undefined ? '' : `; ${otherwise}`}`,
  );
}
