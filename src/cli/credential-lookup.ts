// How commands look up `credential:NAME`.
import { findHome } from '../config/load.ts';
import { CredentialError } from '../credentials/credential-error.ts';
import { lookUpCredential, type VaultOptions } from '../credentials/vault.ts';
import type { CliContext } from './command.ts';

/**
 * `SLUICE_KEYCHAIN=off` keeps the master key in a file even if there is a keychain. Throws CredentialError for any
 * other value: if `no` were ignored, the key would be where its owner does not want it.
 */
export function credentialOptions({ SLUICE_KEYCHAIN: word }: CliContext['environment']): VaultOptions {
  if (word === undefined || word === '') return {};
  if (word === 'off') return { keys: 'file' };
  throw new CredentialError(
    `SLUICE_KEYCHAIN is "${word}"; set it to off to keep the key in a file, or unset it`,
  );
}

/** Throws CredentialError where the store exists and cannot be read. */
export function createCredentialLookup(
  environment: CliContext['environment'],
): (name: string) => string | undefined {
  return (name) => lookUpCredential(findHome(environment), name, credentialOptions(environment));
}
