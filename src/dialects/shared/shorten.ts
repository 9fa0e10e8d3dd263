// Texts within a provider's limit: ids of calls, keys of prompt caches.
import { fnv1aHex } from '../../model/hash.ts';

/** The text itself if it has at most `limit` characters, else its beginning and a hash of the whole. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const sum = `${fnv1aHex(text)}${fnv1aHex(text, 0x050c5d1f)}`;
  return `${text.slice(0, limit - sum.length)}${sum}`;
}
