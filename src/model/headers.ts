// How header fields are read, however they are stored.

/** A token: the form of field names and methods. https://www.rfc-editor.org/rfc/rfc9110#name-tokens */
export const HTTP_TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Names are in lower case. A Headers object satisfies it. */
export interface HeaderReader {
  get(name: string): string | null;
  has(name: string): boolean;
  forEach(visit: (value: string, name: string) => void): void;
}

/** In characters: clients accept only some kilobytes of headers in all. */
const LONGEST_HEADER = 1024;

/** Header values are printable ASCII; text from outside may have other characters, and any length. */
export function headerText(text: string): string {
  return text.slice(0, LONGEST_HEADER).replace(/[^\x20-\x7e]/g, '?');
}
