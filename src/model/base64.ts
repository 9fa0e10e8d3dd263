// Bytes in base64, even on runtimes whose arrays have no methods for it: Node before 25, browsers before 2025.

/** An array as the compiler types it, but possibly without `toBase64`. */
type OlderBytes = Omit<Uint8Array<ArrayBuffer>, 'toBase64'> & Partial<Pick<Uint8Array, 'toBase64'>>;
type OlderArrays = Omit<typeof Uint8Array, 'fromBase64'> & Partial<Pick<typeof Uint8Array, 'fromBase64'>>;

export function toBase64(bytes: Uint8Array): string {
  return (
    (bytes as OlderBytes).toBase64?.() ??
    btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  );
}

/** Throws if the text is not base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const { fromBase64: read } = Uint8Array as OlderArrays;
  return read?.(text) ?? Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
