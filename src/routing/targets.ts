// Resolves what a request or a configuration names to the target that serves it.
import type { ProviderConfig, ResolvedConfig } from '../config/resolved.ts';
import { GatewayError } from '../model/errors.ts';
import type { PartnerModels } from '../providers/kind.ts';
import { findProviderKind, PROVIDER_KINDS } from '../providers/kinds.ts';
import { suggestion } from '../model/nearest.ts';

export interface Target {
  provider: ProviderConfig;
  /** The provider's own name of the model. */
  model: string;
  /** The next target is another address of the same provider, which is asked at once instead of this one again. */
  hasNextAddress?: boolean;
}

/** How a target is written: `provider/model`. */
export function targetName({ provider, model }: Target): string {
  return `${provider.name}/${model}`;
}

export function sameTarget(one: Target, other: Target): boolean {
  return one.provider.name === other.provider.name && one.model === other.model;
}

/** A configured `provider` or `provider/model`; undefined if the provider is not enabled. */
export function resolveTarget(
  target: string,
  askedModel: string,
  config: ResolvedConfig,
): Target | undefined {
  const slash = target.indexOf('/');
  const name = slash === -1 ? target : target.slice(0, slash);
  const provider = config.providers.find((candidate) => candidate.name === name);
  if (provider === undefined) return undefined;
  const model = slash === -1 ? ownModel(provider, askedModel) : target.slice(slash + 1);
  return { provider, model: aliased(provider, model) };
}

/** The provider's own name for a model that its configuration, or another vendor, may call differently. */
export function aliased(provider: ProviderConfig, model: string): string {
  if (Object.hasOwn(provider.models, model)) return provider.models[model] ?? model;
  return ownName(provider, model) ?? model;
}

/** The provider's name for a model that another vendor calls so; undefined if none is known. */
function ownName({ otherNames }: ProviderConfig, model: string): string | undefined {
  for (const pattern of otherNames ?? []) {
    const match = pattern.exec(model);
    if (match !== null) return match.slice(1).filter(Boolean).join('-');
  }
  return undefined;
}

/** The requested model if the provider serves it or has no default, else that default. */
function ownModel(provider: ProviderConfig, asked: string): string {
  if (provider.defaultModel === null || serves(provider, asked)) return asked;
  return provider.defaultModel;
}

/** The row of the other vendor whose model it is; undefined for the provider's own. */
export function partnerOf({ provider, model }: Target): PartnerModels | undefined {
  if (provider.partnerModels === undefined) return undefined;
  for (const partner of provider.partnerModels) if (partner.models.test(model)) return partner;
  return undefined;
}

/** Whether the provider is known to serve the model, under this name or its own. */
export function serves(provider: ProviderConfig, model: string): boolean {
  return (
    servesItself(provider, model) ||
    partnerOf({ provider, model }) !== undefined ||
    ownName(provider, model) !== undefined
  );
}

/** Whether the model is configured for the provider, or is one of its own. */
function servesItself(provider: ProviderConfig, model: string): boolean {
  return (
    Object.hasOwn(provider.models, model) ||
    Object.values(provider.models).includes(model) ||
    provider.defaultModel === model ||
    provider.modelPatterns.some((pattern) => pattern.test(model))
  );
}

/** The target that the header names. Throws GatewayError `unknown_model` naming the remedy. */
export function resolveForced(forced: string, model: string, config: ResolvedConfig): Target {
  const provider = forcedProvider(forced, config);
  const named = forced.slice(provider.name.length + 1);
  const wanted = forced === provider.name ? ownModel(provider, model) : named;
  return withModel({ provider, model: aliased(provider, wanted) }, `x-sluice-target is "${forced}"`);
}

/** The provider that the header names. Throws GatewayError `unknown_model` naming the remedy. */
export function forcedProvider(forced: string, config: ResolvedConfig): ProviderConfig {
  const [wanted = forced] = forced.split('/');
  if (wanted === '') {
    const what = forced === '' ? 'empty' : `"${forced}", which names no provider`;
    const remedy = 'write "provider" or "provider/model" there, or leave the header out';
    throw new GatewayError('unknown_model', `x-sluice-target is ${what}; ${remedy}`);
  }
  const provider = config.providers.find(({ name }) => name === wanted);
  if (provider === undefined) throw notEnabled(wanted, config, `x-sluice-target names "${forced}"`);
  return provider;
}

/**
 * The target that a model of the form `provider/model` names, if that provider is enabled. Throws GatewayError `unknown_model` if nothing
 * follows the slash.
 */
export function resolveNamed(model: string, config: ResolvedConfig): Target | undefined {
  const target = model.indexOf('/') > 0 ? resolveTarget(model, model, config) : undefined;
  return target && withModel(target, `model is "${model}"`);
}

function withModel(target: Target, source: string): Target {
  if (target.model !== '') return target;
  const { name } = target.provider;
  throw new GatewayError('unknown_model', `${source}, which names no model; write "${name}/MODEL"`);
}

interface DefaultTarget {
  target: Target;
  /** The setting that decided; `why`: for what reason. */
  rule: string;
  why: string;
}

const NO_RULE = 'no rule matches';

/** Whether the provider can answer what is asked, whatever the model. */
export type CanAnswer = (provider: ProviderConfig) => boolean;

/**
 * The target if no rule matches. Throws GatewayError `unknown_model`, which names what is not configured and the remedy.
 * @param canAnswer of providers, if not all can answer what is asked.
 */
export function resolveDefault(
  model: string,
  config: ResolvedConfig,
  canAnswer: CanAnswer = () => true,
): DefaultTarget {
  const chosen = defaultProvider(model, config, canAnswer);
  const slash = model.indexOf('/');
  if (slash > 0) {
    const name = model.slice(0, slash);
    const isVendor = findProviderKind(name) !== undefined;
    const isDisabled = config.disabled.some((provider) => provider.name === name);
    // Models of some providers are named `vendor/model`: those belong to that provider, not to the vendor. Another gateway has vendors of
    // its own.
    const isTheirs =
      isVendor &&
      chosen !== undefined &&
      (serves(chosen, model) || (chosen.isGateway === true && !isDisabled));
    if ((isVendor || isDisabled) && !isTheirs) {
      throw notEnabled(name, config, `model "${model}" asks for provider "${name}"`);
    }
  }
  const wanted = config.routing.defaultProvider;
  if (chosen === undefined) {
    const next = firstOfChain(model, config);
    if (wanted !== null && next !== undefined)
      return { target: next, rule: 'routing.fallback_chain', why: `${NO_RULE}, and "${wanted}" is disabled` };
    if (wanted !== null) throw notEnabled(wanted, config, `routing.default_provider is "${wanted}"`);
    throw new GatewayError(
      'unknown_model',
      'no provider is enabled; configure one under `providers` in sluice.yaml',
    );
  }
  const target = { provider: chosen, model: aliased(chosen, ownModel(chosen, model)) };
  const why = `${NO_RULE}${absentVendor(model, target, config)}`;
  if (wanted === chosen.name) return { target, rule: `routing.default_provider: ${wanted}`, why };
  const rule = serves(chosen, model) ? 'the provider that knows the model' : 'the first provider';
  const unable =
    wanted === null ? '' : `, and ${wanted}, routing.default_provider, cannot answer what is asked`;
  return { target, rule, why: why + unable };
}

/**
 * What to say of a model whose vendor is not enabled, if a vendor of other models is asked for it. A server without models of its own may
 * have any.
 */
function absentVendor(model: string, { provider, model: sent }: Target, config: ResolvedConfig): string {
  const hasOwnModels = provider.modelPatterns.length > 0;
  if (!hasOwnModels || sent !== model || model.includes('/') || serves(provider, model)) return '';
  const vendor = PROVIDER_KINDS.find(({ modelPatterns }) => modelPatterns.some((each) => each.test(model)));
  if (vendor === undefined || config.providers.some(({ kind }) => kind === vendor.kind)) return '';
  return `, and ${vendor.kind}, whose model it is, is not enabled: routing.model_mappings may lead it to another model`;
}

function firstOfChain(model: string, config: ResolvedConfig): Target | undefined {
  const [first] = config.routing.fallbackChain;
  return first === undefined ? undefined : resolveTarget(first, model, config);
}

function defaultProvider(
  model: string,
  { routing, providers }: ResolvedConfig,
  canAnswer: CanAnswer,
): ProviderConfig | undefined {
  const { defaultProvider: name } = routing;
  const wanted = providers.find((provider) => provider.name === name);
  if (name !== null && (wanted === undefined || canAnswer(wanted))) return wanted;
  const able = providers.filter(canAnswer);
  return (
    able.find((provider) => servesItself(provider, model)) ??
    able.find((provider) => serves(provider, model)) ??
    wanted ??
    providers[0]
  );
}

function notEnabled(name: string, config: ResolvedConfig, what: string): GatewayError {
  const off = config.disabled.find((provider) => provider.name === name);
  const variable = findProviderKind(name)?.keyVariable;
  const enabled = config.providers.map((provider) => provider.name).join(', ') || 'none';
  const known = [
    ...[...config.providers, ...config.disabled].map((provider) => provider.name),
    ...PROVIDER_KINDS.map(({ kind }) => kind),
  ];
  const remedy =
    off !== undefined
      ? `it is disabled: ${off.reason}`
      : variable != null
        ? `set ${variable} or configure providers.${name}`
        : `configure providers.${name}${known.includes(name) ? '' : suggestion(name, known)}`;
  return new GatewayError('unknown_model', `${what}, which is not enabled; ${remedy} (enabled: ${enabled})`);
}
