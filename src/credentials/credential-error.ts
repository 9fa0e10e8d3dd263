// The error of stored credentials.

/** The message says what went wrong and what to do; it never contains a value. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
}
