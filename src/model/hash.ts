// 32-bit FNV-1a: distinguishes and spreads texts; not cryptographic. http://www.isthe.com/chongo/tech/comp/fnv/

/** Over UTF-16 units; unsigned. Another `start` gives an independent hash. */
export function fnv1a(text: string, start = 0x811c9dc5): number {
  let sum = start;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return sum >>> 0;
}

/** As eight hexadecimal digits. */
export function fnv1aHex(text: string, start?: number): string {
  return fnv1a(text, start).toString(16).padStart(8, '0');
}

/** 16 hexadecimal digits from which the text cannot be derived. */
export function fingerprint(text: string): string {
  return `${fnv1aHex(text, 0xcbf29ce4)}${fnv1aHex(text)}`;
}
