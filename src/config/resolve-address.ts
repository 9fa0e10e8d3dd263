// Where a provider of a known kind listens: its base URL and path, with the options filled in.
import type { ProviderDialectId } from '../model/dialect-id.ts';
import type { PartnerModels, ProviderKind, SocketAddress } from '../providers/kind.ts';
import type { ConfigProblem, KeyPath } from './problem.ts';
import type { ProviderEntry } from './schema.ts';

interface Address {
  /** Without a trailing slash. */
  baseUrl: string;
  /** Base URL for listing models, if different. */
  modelsBaseUrl?: string;
  /** Replaces the dialect's own path; `{model}` and `{method}` are filled in for each request. */
  endpoint?: string;
  /** With the options filled in as well. */
  partnerModels?: readonly PartnerModels[];
  socket?: SocketAddress;
  options: Record<string, string>;
}

export interface AddressResolution {
  address: Address;
  problems: Pick<ConfigProblem, 'path' | 'message'>[];
  /** What prevents the provider from starting. */
  missing: { path: KeyPath; problem: string }[];
}

/** Filled in for each request. */
const PER_REQUEST = ['model', 'method', 'path'];

export function resolveAddress(
  kind: ProviderKind,
  entry: Pick<ProviderEntry, 'base_url' | 'options'>,
  dialect: ProviderDialectId | 'any',
  environment: Readonly<Record<string, string | undefined>>,
): AddressResolution {
  const problems: AddressResolution['problems'] = [];
  const options = optionsOf(kind, entry, environment, problems);
  const base = entry.base_url ?? baseFromVariable(kind, environment, problems) ?? vendorsBase(kind, options);
  const own = dialect === kind.dialect && kind.plainBase?.test(base) !== true;
  const endpoint = own ? kind.endpoint : undefined;
  const address = {
    baseUrl: fill(base, options),
    ...(base === kind.baseUrl &&
      kind.modelsBaseUrl !== undefined && { modelsBaseUrl: fill(kind.modelsBaseUrl, options) }),
    ...(endpoint === undefined ? {} : { endpoint: fill(endpoint, options) }),
    ...(own &&
      kind.partnerModels !== undefined && {
        partnerModels: kind.partnerModels.map((row) => ({ ...row, endpoint: fill(row.endpoint, options) })),
      }),
    ...(own && kind.socket !== undefined && { socket: fillSocket(kind.socket, options) }),
    options,
  };
  return { address, problems, missing: missingOptions(kind, base + (endpoint ?? ''), options) };
}

/** The options of the entry; others are taken from the environment. */
function optionsOf(
  kind: ProviderKind,
  entry: Pick<ProviderEntry, 'options'>,
  environment: Readonly<Record<string, string | undefined>>,
  problems: AddressResolution['problems'],
): Record<string, string> {
  const options = { ...entry.options };
  const known = optionNames(kind);
  const has = known.size > 0 ? `; it has ${[...known].join(', ')}` : '';
  for (const name of Object.keys(options))
    if (!known.has(name))
      problems.push({ path: ['options', name], message: `kind ${kind.kind} has no such option${has}` });
  for (const [name, variables] of Object.entries(kind.optionVariables ?? {})) {
    const value = variables.map((variable) => environment[variable]).find(Boolean);
    if (value) options[name] ??= value;
  }
  return options;
}

/** @param address with placeholders for the options that it needs. */
function missingOptions(
  { requiredOptions = [], optionVariables }: ProviderKind,
  address: string,
  options: Record<string, string>,
): AddressResolution['missing'] {
  const needed = new Set([...placeholders(address), ...requiredOptions]);
  return [...needed]
    .filter((name) => options[name] === undefined)
    .map((name) => {
      const variables = optionVariables?.[name] ?? [];
      const or = variables.length > 0 ? `, nor ${variables.join(' or ')} in the environment` : '';
      return { path: ['options', name], problem: `options.${name} is not set${or}` };
    });
}

/** The vendor's own address, whatever the entry says. */
export function vendorsAddress(kind: ProviderKind, options: Record<string, string>): string {
  return fill(vendorsBase(kind, options), options);
}

function vendorsBase({ baseUrl, baseUrlFor = {} }: ProviderKind, options: Record<string, string>): string {
  const found = Object.entries(baseUrlFor).map(([name, urls]) => {
    const value = options[name] ?? '';
    return Object.hasOwn(urls, value) ? urls[value] : undefined;
  });
  return found.find((url) => url !== undefined) ?? baseUrl;
}

/** Options that a kind takes. */
export function optionNames({ baseUrl, endpoint = '', optionVariables = {} }: ProviderKind): Set<string> {
  return new Set([...placeholders(baseUrl + endpoint), ...Object.keys(optionVariables)]);
}

function placeholders(template: string): string[] {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  return [...new Set(names)].filter((name) => !PER_REQUEST.includes(name));
}

function fill(template: string, options: Record<string, string>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    PER_REQUEST.includes(name) ? whole : (options[name] ?? whole),
  );
}

function fillSocket({ path, model }: SocketAddress, options: Record<string, string>): SocketAddress {
  return { path: fill(path, options), ...(model !== undefined && { model: fill(model, options) }) };
}

/** Reads the variable as vendors' own tools do: it may lack scheme or port, or be the address to listen on. */
function baseFromVariable(
  { baseUrl, baseUrlVariable }: ProviderKind,
  environment: Readonly<Record<string, string | undefined>>,
  problems: AddressResolution['problems'],
): string | undefined {
  const text = baseUrlVariable === undefined ? undefined : environment[baseUrlVariable]?.trim();
  if (baseUrlVariable === undefined || !text) return undefined;
  const hasScheme = /^https?:\/\//i.test(text);
  const usual = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const whole = hasScheme
    ? text
    : `${usual?.protocol ?? 'https:'}//${text.startsWith(':') ? `127.0.0.1${text}` : text}`;
  if (!URL.canParse(whole)) {
    problems.push({ path: ['base_url'], message: `${baseUrlVariable} is not an address; ignored` });
    return undefined;
  }
  const url = new URL(whole);
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  if (!hasScheme && url.port === '' && usual !== undefined) url.port = usual.port;
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** An address that consists of its base URL alone. */
export function plainAddress(
  baseUrl: string,
  { options }: Pick<ProviderEntry, 'options'>,
): AddressResolution {
  const message = 'only kinds with options in their address take any';
  const problems = Object.keys(options).map((name) => ({ path: ['options', name], message }));
  return { address: { baseUrl, options }, problems, missing: [] };
}
