// How header fields are read, independent of their storage.

/** A token: the form of field names and methods. https://www.rfc-editor.org/rfc/rfc9110#name-tokens */
export const HTTP_TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Names in lower case. A Headers object satisfies it. */
export interface HeaderReader {
  get(name: string): string | null;
  has(name: string): boolean;
  forEach(visit: (value: string, name: string) => void): void;
}
