// One provider entry → the provider as the gateway uses it, or the reason why it cannot start.
import { PROVIDER_DIALECT_IDS } from '../model/dialect-id.ts';
import type { ProviderKind } from '../providers/kind.ts';
import { findProviderKind, PROVIDER_KINDS } from '../providers/kinds.ts';
import { billedBehind } from '../providers/priced-at.ts';
import { nearestName } from '../model/nearest.ts';
import type { ConfigProblem, KeyPath, Severity } from './problem.ts';
import { type AddressResolution, plainAddress, resolveAddress, vendorsAddress } from './resolve-address.ts';
import { keyPathOf, resolveKeys, resolveOAuth, strangersKey } from './resolve-credentials.ts';
import { resolveProviderTls } from './resolve-provider-tls.ts';
import type { ResolveSources } from './resolve-server.ts';
import { resolveTransformers } from './resolve-transformers.ts';
import type { ProviderConfig, ProviderPricing, TransformersConfig } from './resolved.ts';
import type { ProviderEntry } from './schema.ts';
import { resolveSecret, type SecretSources } from './secrets.ts';

export interface ProviderResolution {
  provider?: ProviderConfig;
  /** Why it is disabled. */
  reason?: string;
  problems: ConfigProblem[];
}

/** The kind that `/gateway/providers` shows for a provider that only names its dialect. */
const CUSTOM_KIND = 'custom';

/** What each request adds to the address, by dialect; people often write it into `base_url` as well. */
const ADDED: Readonly<Record<string, RegExp>> = {
  'anthropic-messages': /\/v1(\/messages)?$/,
  'openai-chat': /\/chat\/completions$/,
  'openai-responses': /\/responses$/,
  gemini: /\/v1beta(\/models)?$/,
  any: /\/v1(beta)?$/,
};

/** The warning about a `base_url` that ends in what each request adds to it. */
function doubledEnd(dialect: string, { base_url: written = '' }: ProviderEntry): AddressWarning | undefined {
  const end = ADDED[dialect]?.exec(written)?.[0];
  if (end === undefined) return undefined;
  return { path: ['base_url'], message: `ends in ${end}, which is appended to it; remove that` };
}

type AddressWarning = AddressResolution['problems'][number];

/** Whether it is served within the process, so that only its names can be configured. */
export function isBuiltIn(kind: ProviderKind): boolean {
  return !/^https?:/.test(kind.baseUrl);
}

/**
 * `clientKeys`: whether a client's own key may pass through (no `server.keys`), so that a provider without a key of its own is useful.
 * `known`: collects what its transformers report.
 */
export function resolveProvider(
  name: string,
  entry: ProviderEntry,
  sources: ResolveSources,
  clientKeys: boolean,
  known: TransformersConfig,
): ProviderResolution {
  const problems: ConfigProblem[] = [];
  const report = (severity: Severity, path: KeyPath, message: string) => {
    problems.push({ severity, path: ['providers', name, ...path], message });
  };
  const kind = findProviderKind(entry.kind ?? name);
  const place = placeOf(name, entry, kind, sources, report);
  if (place === undefined) return { problems };
  const { dialect, address } = place;

  const reasons: string[] = [];
  const refuse = (path: KeyPath, problem: string) => {
    report('warning', path, `${problem}; provider "${name}" is disabled`);
    reasons.push(problem);
  };
  const headers = resolveHeaders(entry, sources, refuse);
  const isOwnAddress = kind !== undefined && isAtOwnAddress(kind, entry, address.baseUrl);
  for (const { path, problem } of place.missing) refuse(path, problem);
  const isWhole = address.endpoint !== undefined;
  const misread = wrongAddress(dialect, entry, kind) ?? (isWhole ? undefined : doubledEnd(dialect, entry));
  for (const { path, message } of [...place.problems, ...(misread === undefined ? [] : [misread])])
    report('warning', path, message);
  const authorization = kind?.authorization;
  // A provider that authorizes itself has no use for a client's key.
  const mayForward = entry.forward_client_key && authorization === undefined;
  const forwards = clientKeys && mayForward;
  const credentials = { entry, kind, forwards, sources, report, refuse };
  const apiKeys = resolveKeys(credentials);
  const stranger = isOwnAddress && authorization === undefined && strangersKey(kind, apiKeys);
  if (stranger) report('warning', keyPathOf(entry), stranger);
  const oauth = resolveOAuth(credentials, apiKeys.length > 0);
  const transformers = resolveTransformers(
    entry.transformers,
    ['providers', name, 'transformers'],
    sources,
    known,
    (at, problem) => refuse(['transformers', ...at], problem),
  );
  if (reasons.length > 0) return { reason: reasons.join('; '), problems };
  const tls = resolveProviderTls(entry, address.baseUrl, sources, report);
  const provider: ProviderConfig = {
    name,
    kind: kind?.kind ?? CUSTOM_KIND,
    dialect,
    ...address,
    // An entry that names a dialect wants only that one.
    ...(isOwnAddress && entry.dialect === undefined && spokenBesides(kind)),
    ...(kind?.isGateway === true && { isGateway: true }),
    // The `base_url` of a single dialect is the one for its SDKs.
    ...(kind?.basePaths !== undefined && entry.dialect === undefined && { basePaths: kind.basePaths }),
    ...(kind?.keyHeader !== undefined && { keyHeader: kind.keyHeader }),
    ...(authorization !== undefined && { authorization }),
    ...(oauth !== undefined && { oauth }),
    ...(tls !== undefined && { tls }),
    ...(entry.base_url === undefined && kind?.otherBaseUrls && { otherBaseUrls: kind.otherBaseUrls }),
    apiKey: apiKeys[0] ?? null,
    apiKeys,
    lacksKey: apiKeys.length === 0 && isOwnAddress && wantsKey(kind, entry),
    forwardClientKey: mayForward,
    forwardOtherPaths: entry.forward_other_paths,
    forwardTrace: entry.forward_trace,
    headers,
    models: entry.models,
    defaultModel: entry.default_model,
    modelPatterns: kind?.modelPatterns ?? [],
    ...(kind?.alsoTakes !== undefined && entry.dialect === undefined && { alsoTakes: kind.alsoTakes }),
    ...(kind?.otherNames !== undefined && { otherNames: kind.otherNames }),
    ...pricesOf(kind, address, isOwnAddress),
    quirks: { ...kind?.quirks, ...(isOwnAddress && kind?.ownQuirks) },
    transformers,
    ...resilienceOf(entry, kind),
  };
  return { provider, problems };
}

/** How long it is waited for, how often it is asked again, and when it is not asked. */
function resilienceOf(
  { timeouts, breaker, concurrency, max_retries, probe_every }: ProviderEntry,
  kind: ProviderKind | undefined,
) {
  const { connect, first_byte, idle, silence, min_throughput, throughput_window } = timeouts;
  const { max, min, queue, queue_timeout } = concurrency;
  const isGuarded = breaker.enabled ?? (kind === undefined || !isBuiltIn(kind));
  return {
    timeouts: {
      connectMs: connect,
      firstByteMs: first_byte,
      idleMs: idle,
      silenceMs: silence,
      minBytesPerSecond: min_throughput,
      throughputWindowMs: throughput_window,
    },
    maxRetries: max_retries,
    probeEveryMs: probe_every,
    breaker: isGuarded ? { failures: breaker.failures, openForMs: breaker.open_for } : null,
    concurrency: { max, min, queue, queueTimeoutMs: queue_timeout },
  };
}

/** Their names in lower case. */
function resolveHeaders(
  entry: ProviderEntry,
  sources: SecretSources,
  refuse: (path: KeyPath, problem: string) => void,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [header, reference] of Object.entries(entry.headers)) {
    const secret = resolveSecret(reference, sources);
    if (secret.value === undefined) refuse(['headers', header], secret.problem);
    else headers[header.toLowerCase()] = secret.value;
  }
  return headers;
}

function pricesOf(
  kind: ProviderKind | undefined,
  { baseUrl, options }: AddressResolution['address'],
  isOwnAddress: boolean,
): ProviderPricing {
  const isBilled = kind !== undefined && (isOwnAddress || billedBehind(kind, baseUrl));
  // Of a proxy, only the options tell to which of the vendor's places it leads.
  const place = kind === undefined || isOwnAddress ? baseUrl : vendorsAddress(kind, options);
  return {
    priceId: isBilled ? kind.priceId : null,
    resells: kind?.resells ?? [],
    dearer: kind?.dearer?.at.test(place) ? kind.dearer : null,
    tiers: kind?.tiers ?? {},
    billsItself: isBilled && kind.billsItself === true,
    audioAtTextPrice: kind?.audioAtTextPrice === true,
    leastAudioSeconds: kind?.leastAudioSeconds ?? 0,
    searchesUnpriced: kind?.searchesUnpriced === true,
    weekends: kind?.weekends ?? null,
    newerPrices: kind?.newerPrices ?? {},
    wrongPrices: kind?.wrongPrices ?? null,
  };
}

function spokenBesides({ alsoSpeaks, translatesTo }: ProviderKind) {
  return { ...(alsoSpeaks && { alsoSpeaks }), ...(translatesTo && { translatesTo }) };
}

/** The problem with a vendor's address: no request can work there, or it is not said whose it is. */
function wrongAddress(
  dialect: string,
  { base_url: written }: ProviderEntry,
  kind: ProviderKind | undefined,
): AddressWarning | undefined {
  if (written === undefined) return undefined;
  const url = written.replace(/\/+$/, '');
  // Only vendors' addresses are checked: on the user's own machine anything may answer.
  const row = PROVIDER_KINDS.find(
    ({ baseUrl }) => baseUrl.startsWith('https:') && (baseUrl === url || originOf(baseUrl) === url),
  );
  if (row === undefined || row.dialect === 'any') return undefined;
  const isSpoken = familyOf(dialect) === familyOf(row.dialect);
  if (row.baseUrl !== url)
    return isSpoken
      ? { path: ['base_url'], message: `${row.kind} has the base URL ${row.baseUrl}` }
      : undefined;
  if (kind === undefined && dialect === row.dialect) {
    const lacking = 'without it its prices, and what is peculiar to it, are not known';
    return { path: ['kind'], message: `${url} is ${row.kind}'s: set kind: ${row.kind}; ${lacking}` };
  }
  if (isSpoken) return undefined;
  return { path: ['dialect'], message: `${row.kind} speaks ${row.dialect} at ${url}, not ${dialect}` };
}

function originOf(baseUrl: string): string | undefined {
  return URL.canParse(baseUrl) ? new URL(baseUrl).origin : undefined;
}

/** Several vendors speak both dialects of OpenAI at one address. */
function familyOf(dialect: string): string | undefined {
  return dialect.split('-', 1)[0];
}

/** Whether it is the vendor's own service, whose dialects the kind knows; a proxy may speak fewer. */
function isAtOwnAddress({ baseUrl, pricedAt }: ProviderKind, entry: ProviderEntry, address: string): boolean {
  if (pricedAt !== undefined) return URL.canParse(address) && pricedAt.test(new URL(address).origin);
  if (entry.base_url === undefined) return true;
  return (
    URL.canParse(baseUrl) && URL.canParse(address) && new URL(baseUrl).origin === new URL(address).origin
  );
}

/** Names of headers that may hold a key. */
const SECRET_HEADER = /key|auth|token|secret|cookie/i;

/** Whether the vendor requires a key: configured headers may contain one. */
function wantsKey({ keyVariable, authorization }: ProviderKind, { headers }: ProviderEntry): boolean {
  if (keyVariable === null || authorization !== undefined) return false;
  return !Object.keys(headers).some((name) => SECRET_HEADER.test(name));
}

/** The provider's address and dialect; undefined after reporting why they are not known. */
function placeOf(
  name: string,
  entry: ProviderEntry,
  kind: ProviderKind | undefined,
  { environment }: SecretSources,
  report: (severity: Severity, path: KeyPath, message: string) => void,
): (Pick<ProviderConfig, 'dialect'> & AddressResolution) | undefined {
  const { dialect, base_url: baseUrl } = entry;
  if (kind === undefined) {
    if (dialect !== undefined && baseUrl !== undefined) return { dialect, ...plainAddress(baseUrl, entry) };
    const kinds = PROVIDER_KINDS.map((row) => row.kind);
    const nearest = nearestName(name, kinds);
    const hint = nearest === undefined ? '' : ` (did you mean "${nearest}"?)`;
    const orKind = `kind (${kinds.join(', ')})`;
    // An entry with only one of the two means a server of the user's own, not a kind.
    let remedy = `set ${orKind}, or both dialect and base_url`;
    if (baseUrl !== undefined)
      remedy = `set dialect to what it speaks at base_url (${PROVIDER_DIALECT_IDS.join(', ')}), or ${orKind}`;
    else if (dialect !== undefined) remedy = `set base_url to where it speaks ${dialect}, or ${orKind}`;
    report('fatal', [], `not a known provider${hint}: ${remedy}`);
    return undefined;
  }
  if (isBuiltIn(kind)) {
    if (baseUrl !== undefined) report('warning', ['base_url'], `kind ${kind.kind} has no address; ignored`);
    return { dialect: dialect ?? kind.dialect, ...plainAddress(kind.baseUrl, entry) };
  }
  if (kind.isGateway === true && baseUrl === undefined) {
    report(
      'fatal',
      ['base_url'],
      `kind ${kind.kind} has no address of its own; set base_url to the other gateway’s, as in ${kind.baseUrl}`,
    );
    return undefined;
  }
  if (dialect !== undefined && dialect !== kind.dialect && baseUrl === undefined) {
    report(
      'fatal',
      ['dialect'],
      `kind ${kind.kind} speaks ${kind.dialect} at its own address; set base_url to where it speaks ${dialect}`,
    );
    return undefined;
  }
  const spoken = dialect ?? kind.dialect;
  return { dialect: spoken, ...resolveAddress(kind, entry, spoken, environment) };
}
