// What goes wrong with stored credentials.

/** What went wrong and what to do; never holds a value. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
}
