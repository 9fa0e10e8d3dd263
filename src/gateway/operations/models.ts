// Every model reachable through the gateway: those of the configuration and those that providers list.
import type { ProviderConfig, ResolvedConfig } from '../../config/resolved.ts';
import type { FoundModels } from '../../dialects/find-route.ts';
import { knownCapabilities } from '../../dialects/shared/models/known-capabilities.ts';
import type { DialectId } from '../../model/dialect-id.ts';
import { GatewayError } from '../../model/errors.ts';
import type { JsonObject } from '../../model/json/json.ts';
import type { ModelEntry, OfferedModel } from '../../model/model-entry.ts';
import type { Router } from '../../routing/route.ts';
import { resolveTarget, type Target, targetName } from '../../routing/targets.ts';
import { contextWindow } from '../attempts/context-window.ts';
import type { ModelCatalog } from './model-catalog.ts';

export interface ModelSources {
  config: ResolvedConfig;
  catalog: ModelCatalog;
  /** Routes by the name of a model alone. */
  listing: Router;
}

/** The list, or the one model asked for. Throws GatewayError `unknown_model` where routing refuses its name. */
export async function answerModels(
  { client, dialect, asked }: Pick<FoundModels, 'client' | 'dialect' | 'asked'>,
  query: URLSearchParams,
  sources: ModelSources,
): Promise<JsonObject> {
  const { id } = asked;
  if (id === undefined) {
    const bare = client.listsBareNames === true && asked.form === undefined ? dialect.id : null;
    return client.buildList(await offeredModels(sources, bare), query, asked);
  }
  const models = await offeredModels(sources, null);
  const model = models.find((each) => each.id === id) ?? (await unlisted(id, models, sources));
  return client.buildModel(await withWindow(model, sources), asked);
}

/** Adds the context window from the price table, if the provider's list does not say it. */
async function withWindow(model: OfferedModel, { listing }: ModelSources): Promise<OfferedModel> {
  if (model.inputTokenLimit !== undefined || model.contextWindow !== undefined) return model;
  const target = await targetOf(model.id, listing);
  const window = target === undefined ? undefined : contextWindow(target);
  return window === undefined ? model : { ...model, contextWindow: window };
}

/**
 * Lists each id once; routing leads a request for it to its model.
 * @param bare the dialect whose providers' models are named without the provider, if routing leads those names to them.
 */
async function offeredModels(
  { config, catalog, listing }: ModelSources,
  bare: DialectId | null,
): Promise<OfferedModel[]> {
  const lists = await Promise.all(config.providers.map((provider) => catalog.modelsOf(provider)));
  const offered = new Map<string, OfferedModel>();
  const offer = (id: string, provider: ProviderConfig, model: string, entry?: ModelEntry) => {
    if (!offered.has(id)) offered.set(id, describe(id, { provider, model }, entry));
  };
  const leads = async (id: string, { name }: ProviderConfig, model: string) => {
    const target = await targetOf(id, listing);
    return target?.provider.name === name && target.model === model;
  };
  for (const [index, provider] of config.providers.entries()) {
    const { defaultModel, name } = provider;
    const nameOf = async (model: string) =>
      provider.dialect === bare && (await leads(model, provider, model)) ? model : `${name}/${model}`;
    const entries = lists[index] ?? [];
    const entryOf = (model: string) => entries.find((entry) => entry.id === model);
    for (const [alias, model] of Object.entries(provider.models)) {
      const id = (await leads(alias, provider, model)) ? alias : `${name}/${alias}`;
      offer(id, provider, model, entryOf(model));
    }
    const own = [...(defaultModel === null ? [] : [defaultModel]), ...Object.values(provider.models)];
    for (const model of own) offer(await nameOf(model), provider, model, entryOf(model));
    for (const entry of entries) offer(await nameOf(entry.id), provider, entry.id, entry);
  }
  for (const { from, rule } of config.routing.modelMappings) {
    const first = from.includes('*') ? undefined : resolveTarget(rule.targets[0]?.target ?? '', from, config);
    if (first !== undefined) offer(from, first.provider, first.model);
  }
  return [...offered.values()];
}

/** What its provider's list says of a model, and what is known of it by its name. */
function describe(id: string, { provider, model }: Target, entry?: ModelEntry): OfferedModel {
  const capabilities = { ...knownCapabilities(model), ...entry?.capabilities };
  return { ...entry, id, provider: provider.name, capabilities };
}

async function targetOf(model: string, listing: Router): Promise<Target | undefined> {
  try {
    return await routed(model, listing);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return undefined;
    throw thrown;
  }
}

async function routed(model: string, listing: Router): Promise<Target | undefined> {
  const asked = { model, forced: null, agentType: null, content: null, timing: 'whole' };
  return (await listing.route(asked)).targets[0];
}

/**
 * A model that is not listed, with what is known of the one to which routing leads its name: not every provider lists all that it serves,
 * and clients ask for the model that they are about to use (LlamaIndex does so when it is set up).
 */
async function unlisted(
  id: string,
  models: readonly OfferedModel[],
  { listing }: ModelSources,
): Promise<OfferedModel> {
  const target = await routed(id, listing);
  if (target === undefined) throw new GatewayError('unknown_model', `no provider serves "${id}"`);
  const { provider } = target;
  const known = models.find((each) => each.id === targetName(target));
  return describe(id, target, known?.provider === provider.name ? known : undefined);
}
