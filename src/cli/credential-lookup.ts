// How commands look up `credential:NAME`.
import { findHome } from '../config/load.ts';
import { lookUpCredential, type VaultOptions } from '../credentials/vault.ts';
import type { CliContext } from './command.ts';

/** `SLUICE_KEYCHAIN=off`: the master key is kept in a file, also where there is a keychain. */
export function credentialOptions(environment: CliContext['environment']): VaultOptions {
  return environment.SLUICE_KEYCHAIN === 'off' ? { keys: 'file' } : {};
}

/** Throws CredentialError where the store is there and cannot be read. */
export function createCredentialLookup(
  environment: CliContext['environment'],
): (name: string) => string | undefined {
  return (name) => lookUpCredential(findHome(environment), name, credentialOptions(environment));
}
