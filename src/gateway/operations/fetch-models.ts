// Asks a provider for its list of models, page by page.
import type { ProviderConfig } from '../../config/resolved.ts';
import type { ProviderSide } from '../../dialects/dialect.ts';
import type { PageRequest, ProviderModels } from '../../dialects/operations.ts';
import { PROVIDER_SIDES } from '../../dialects/registry.ts';
import { type JsonObject, parseObject } from '../../model/json/json.ts';
import type { ModelEntry, ModelPage } from '../../model/model-entry.ts';
import { isOk, reach, readFailure, readText } from '../../upstream/call.ts';
import { buildRequestHeaders } from '../../upstream/headers.ts';
import { keyHeaders } from '../../upstream/target-url.ts';
import { authorize, isRenewed, unauthorizedRequest } from '../attempts/authorize.ts';
import { type GatewayHost, userAgentOf } from '../host.ts';
import { LONGEST_MODEL } from '../request/incoming.ts';
import { sideOf } from '../attempts/spoken-dialect.ts';

const GIVE_UP_MS = 15_000;
const MAX_PAGES = 20;
const MAX_BYTES = 16 * 1024 * 1024;
/** Some twenty times what the largest vendors have. Sorting and naming a million of them stops the gateway for seconds. */
const MAX_MODELS = 10_000;

/** Whether the provider has a list that can be asked for. */
export function hasModelList(provider: ProviderConfig): boolean {
  return sideOf({ provider, model: '' }).models !== undefined && provider.quirks.listsModels !== false;
}

/**
 * All pages; empty where there is no list. If the list of what a provider serves for other vendors fails, it is left out. Throws
 * ListRefused, or the error of a connection.
 */
export async function fetchModels(provider: ProviderConfig, host: GatewayHost): Promise<ModelEntry[]> {
  const own = await fetchList(provider, sideOf({ provider, model: '' }), host);
  const listed = (provider.partnerModels ?? []).filter(({ unlisted }) => unlisted !== true);
  const lists = listed.map(async ({ dialect, models }) => {
    const entries = await fetchList(provider, PROVIDER_SIDES[dialect], host).catch(() => []);
    return entries.filter(({ id }) => models.test(id));
  });
  return [...own, ...(await Promise.all(lists)).flat()];
}

async function fetchList(
  provider: ProviderConfig,
  side: ProviderSide,
  host: GatewayHost,
): Promise<ModelEntry[]> {
  if (side.models === undefined || provider.quirks.listsModels === false) return [];
  const controller = new AbortController();
  const cancel = host.setTimer(
    () => controller.abort(new Error(`no list within ${GIVE_UP_MS} ms`)),
    GIVE_UP_MS,
  );
  const places = [provider.modelsBaseUrl ?? provider.baseUrl, ...(provider.otherBaseUrls ?? [])];
  let failure: unknown;
  try {
    for (const place of places) {
      try {
        return await fetchPages(side.models, { place, provider, side, host, signal: controller.signal });
      } catch (thrown) {
        failure = thrown;
      }
    }
    throw failure;
  } finally {
    cancel();
  }
}

/** The provider answered, but not with a list. */
export class ListRefused extends Error {
  override readonly name = 'ListRefused';
  readonly status: number;

  constructor(status: number) {
    super(`it answered HTTP ${status}`);
    this.status = status;
  }
}

/** Where a page is asked for, and how. */
interface Source {
  /** The base URL, since a provider may have several. */
  place: string;
  provider: ProviderConfig;
  side: ProviderSide;
  host: GatewayHost;
  signal: AbortSignal;
}

async function fetchPages(list: ProviderModels, source: Source): Promise<ModelEntry[]> {
  const { quirks, options: settings = {} } = source.provider;
  const models: ModelEntry[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page: ModelPage = list.parsePage(await fetchPage(list.ask(cursor, { quirks, settings }), source));
    models.push(...page.models.filter(({ id }) => id !== '' && id.length <= LONGEST_MODEL));
    if (models.length > MAX_MODELS) throw new Error(`it has more than ${MAX_MODELS} models`);
    if (page.next === null || page.next === cursor) break;
    cursor = page.next;
  }
  return models;
}

async function fetchPage(page: PageRequest, source: Source): Promise<JsonObject> {
  const { path, headers: own = {}, body } = page;
  const { place, provider, side, host, signal } = source;
  const built = buildRequestHeaders({
    client: null,
    dialect: { ...keyHeaders(provider.keyHeader, side, provider.apiKey, provider.quirks), ...own },
    listHeaders: [],
    configured: provider.headers,
    stream: false,
    userAgent: userAgentOf(host),
  });
  if (body === undefined) built.delete('content-type');
  const url = place + path;
  const method = body === undefined ? 'GET' : 'POST';
  const text = body === undefined ? '' : JSON.stringify(body);
  const unauthorized = unauthorizedRequest(provider, { method, url, body: text });
  const headers =
    provider.apiKey === null ? await authorize(host, provider, built, unauthorized, signal) : built;
  const { connectMs } = provider.timeouts;
  const answer = await reach(host.send, provider.name, {
    method,
    url,
    headers,
    signal,
    connectMs,
    ...(text && { body: text }),
    ...(provider.tls && { tls: provider.tls }),
  });
  if (!isOk(answer)) {
    const { badCredentials } = side.parseError(await readFailure(answer), provider.quirks);
    const isOurs = provider.apiKey === null && badCredentials;
    if (isOurs && isRenewed(host, provider, unauthorized, answer.headers)) return fetchPage(page, source);
    throw new ListRefused(answer.status);
  }
  return parseList((await readText(answer, MAX_BYTES)).text);
}

/**
 * Some servers that share OpenAI's API, Together's among them, send the bare list, without the object around it.
 * https://github.com/lidge-jun/opencodex/issues/617
 */
function parseList(text: string): JsonObject {
  const page = parseObject(/^\s*\[/.test(text) ? `{"data":${text}}` : text);
  if (page === undefined) throw new Error('its answer is not a JSON object');
  return page;
}
