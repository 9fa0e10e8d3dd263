// Reads the text of a file that a person wrote: UTF-8, or UTF-16 if a byte order mark says so, as Windows PowerShell writes it for `>
// sluice.yaml`.
import { readFileSync } from 'node:fs';

/** Keeps a byte order mark. Throws like `readFileSync`. */
export function readText(path: string): string {
  const bytes = readFileSync(path);
  return new TextDecoder(encodingOf(bytes), { ignoreBOM: true }).decode(bytes);
}

function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}
