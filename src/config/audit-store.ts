// `audit.store`: the embedded ledger, or the address of a database, which may be kept secret.
import type { ConfigProblem } from './problem.ts';
import { resolveSecret, type SecretSources } from './secrets.ts';

export const EMBEDDED_STORE = 'sqlite';

const EXPECTED =
  'expected sqlite, or the address of a PostgreSQL database such as postgres://user:password@host:5432/database, ' +
  'with one host, given literally or as env:NAME, credential:NAME or file:PATH';

/** Problems quote no part of the address. */
export function resolveStore(reference: string, sources: SecretSources, problems: ConfigProblem[]): string {
  const { value, problem } = resolveSecret(reference, sources);
  if (value === EMBEDDED_STORE) return value;
  if (value !== undefined && isPostgresAddress(value)) return value;
  problems.push({ severity: 'fatal', path: ['audit', 'store'], message: problem ?? EXPECTED });
  return EMBEDDED_STORE;
}

function isPostgresAddress(text: string): boolean {
  if (!/^postgres(ql)?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { hostname, username, password, pathname } = new URL(text);
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part);
  } catch {
    return false;
  }
  // PostgreSQL's own programs accept a list of hosts; here the list would be looked up as one name.
  return hostname !== '' && !hostname.includes(',');
}

/** The parts of a resolved `audit.store` that must be redacted everywhere. */
export function secretsOfStore(store: string): string[] {
  if (store === EMBEDDED_STORE) return [];
  const { password } = new URL(store);
  return [store, password, decodeURIComponent(password)].filter((text) => text !== '');
}
