// Which stored credentials have changed since the last look: only their names, never their values.
import { CredentialError } from '../../credentials/credential-error.ts';
import { listCredentials } from '../../credentials/vault.ts';

export interface ChangedCredentials {
  /** Those that are new or have another value. */
  stored: string[];
  deleted: string[];
  /** Why the changes cannot be determined. */
  problem?: string;
}

/** Returns a function that tells what has changed in the store in `home` since its last call, or at first since this call. */
export function createCredentialChanges(home: string): () => ChangedCredentials {
  let known = new Map<string, number>();
  const look = (): ChangedCredentials => {
    let found: Map<string, number>;
    try {
      found = new Map(listCredentials(home).map(({ name, updatedAt }) => [name, updatedAt]));
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      return { stored: [], deleted: [], problem: error.message };
    }
    const stored = [...found.keys()].filter((name) => found.get(name) !== known.get(name));
    const deleted = [...known.keys()].filter((name) => !found.has(name));
    known = found;
    return { stored, deleted };
  };
  look();
  return look;
}
