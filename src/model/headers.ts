// Header fields as they are read, whoever keeps them.

/** By names in lower case. A Headers object is one. */
export interface HeaderReader {
  get(name: string): string | null;
  has(name: string): boolean;
  forEach(visit: (value: string, name: string) => void): void;
}
