// Header fields as they are read, whoever keeps them.

/** A token, as names of fields and methods are. https://www.rfc-editor.org/rfc/rfc9110#name-tokens */
export const HTTP_TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** By names in lower case. A Headers object is one. */
export interface HeaderReader {
  get(name: string): string | null;
  has(name: string): boolean;
  forEach(visit: (value: string, name: string) => void): void;
}
