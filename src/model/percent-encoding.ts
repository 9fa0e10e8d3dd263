// Percent-encoded text, as in the paths of URLs.

/** Undefined if the encoding is invalid. */
export function decodedPercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
