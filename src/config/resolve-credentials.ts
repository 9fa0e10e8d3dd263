// What a provider's entry and the environment say of its credentials: the keys to send, or the user's own OAuth client.
import { isPersonalToken, PERSONAL_PREFIX } from '../dialects/claude/personal-token.ts';
import { PLACEHOLDER_KEY } from '../model/placeholder-key.ts';
import type { ProviderKind } from '../providers/kind.ts';
import { PROVIDER_KINDS } from '../providers/kinds.ts';
import type { KeyPath, Severity } from './problem.ts';
import type { OAuthUser } from './resolved.ts';
import type { ProviderEntry } from './schema.ts';
import { resolveSecret, type Secret, type SecretSources } from './secrets.ts';

export interface CredentialQuestion {
  entry: ProviderEntry;
  kind: ProviderKind | undefined;
  /** Whether clients' own keys are passed on, so that the provider is useful without a key. */
  forwards: boolean;
  sources: SecretSources;
  report(severity: Severity, path: KeyPath, message: string): void;
  /** Disables the provider. */
  refuse(path: KeyPath, problem: string): void;
}

/** The keys to send; reports keys that the gateway may not use. */
export function resolveKeys(question: CredentialQuestion): string[] {
  const { entry, forwards, report, refuse } = question;
  const found = findKeys(question);
  const keys = found.filter((key) => !isPersonalToken(key));
  if (keys.length === found.length) return found;
  const path = keyPathOf(entry);
  if (keys.length > 0) report('warning', path, `${PERSONAL}; the other keys are used`);
  else if (!forwards) refuse(path, PERSONAL);
  else report('warning', path, `${PERSONAL}: only requests with a key of their own can work`);
  return keys;
}

const PERSONAL = `a key that begins with ${PERSONAL_PREFIX} is a personal login, which is used only where that person's client sends it; set an API key`;

/** The keys that could be resolved, in order; reports what is missing, and refuses if nothing works without it. */
function findKeys({ entry, kind, forwards, sources, report, refuse }: CredentialQuestion): string[] {
  const { api_key: single, api_keys: several } = entry;
  if (several !== undefined) {
    if (single !== undefined)
      report('fatal', ['api_keys'], 'is set together with api_key; keep one of the two');
    const found = several.map((reference) => resolveKey(reference, entry, sources));
    const keys = found.flatMap(({ value }) => (value === undefined ? [] : [value]));
    for (const [index, { problem }] of found.entries()) {
      if (problem === undefined) continue;
      if (keys.length === 0) refuse(['api_keys', index], problem);
      else report('warning', ['api_keys', index], `${problem}; the other keys are used`);
    }
    return [...new Set(keys)];
  }
  if (single === null) return [];
  const variable = keyVariableOf(kind, sources);
  if (single === undefined && variable === null) return [];
  const secret = resolveKey(single ?? `env:${variable}`, entry, sources);
  if (secret.value !== undefined) return [secret.value];
  if (single !== undefined) refuse(['api_key'], secret.problem);
  else if (kind?.authorization !== undefined) return [];
  else if (!forwards) refuse([], `no api_key, and ${secret.problem}`);
  else
    report(
      'warning',
      [],
      `no api_key, and ${secret.problem}: only requests with a key of their own can work`,
    );
  return [];
}

/** At the vendor's own address the placeholder is no key; at another address there may be a gateway that accepts it. */
function resolveKey(reference: string, entry: ProviderEntry, sources: SecretSources): Secret {
  const secret = resolveSecret(reference, sources);
  if (secret.value !== PLACEHOLDER_KEY || entry.base_url !== undefined) return secret;
  return {
    problem: `the value is "${PLACEHOLDER_KEY}", which clients of the gateway send in place of a key; a provider needs one of its own`,
  };
}

/** Path of the keys in the file; empty if they come from the environment. */
export function keyPathOf({ api_key, api_keys }: ProviderEntry): KeyPath {
  if (api_keys !== undefined) return ['api_keys'];
  return api_key === undefined ? [] : ['api_key'];
}

/** The problem if one of the keys is another vendor's; otherwise undefined. */
export function strangersKey(kind: ProviderKind, keys: readonly string[]): string | undefined {
  for (const row of PROVIDER_KINDS) {
    const prefix = row.keyPrefixes?.find((begin) => keys.some((key) => key.startsWith(begin)));
    if (prefix !== undefined && row !== kind)
      return `a key that begins with ${prefix} is one of ${row.kind}, and ${kind.kind} will refuse it`;
  }
  return undefined;
}

/** The first of the kind's variables that is set, else the best-known one. */
function keyVariableOf(kind: ProviderKind | undefined, { environment }: SecretSources): string | null {
  const first = kind?.keyVariable ?? null;
  if (first === null) return null;
  const isSet = (name: string) => Boolean(environment[name]) && environment[name] !== PLACEHOLDER_KEY;
  return [first, ...(kind?.otherKeyVariables ?? [])].find(isSet) ?? first;
}

/** The user's own OAuth client, if the kind acts for a user and has no ready-made token. */
export function resolveOAuth(
  { entry: { oauth }, kind, sources, report, refuse }: CredentialQuestion,
  hasKey: boolean,
): OAuthUser | undefined {
  const wanted = kind?.actsForUser === true;
  if (oauth === undefined) {
    if (wanted && !hasKey) refuse(['oauth'], 'neither oauth nor api_key is set');
    return undefined;
  }
  if (!wanted) {
    report('warning', ['oauth'], 'only kinds that act for a user have it; ignored');
    return undefined;
  }
  const read = (field: keyof typeof oauth): string => {
    const secret = resolveSecret(oauth[field], sources);
    if (secret.value === undefined) refuse(['oauth', field], secret.problem);
    return secret.value ?? '';
  };
  return {
    clientId: read('client_id'),
    clientSecret: read('client_secret'),
    refreshToken: read('refresh_token'),
  };
}
