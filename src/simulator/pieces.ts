// Word-like tokens, the simulator's unit of pace and usage: a word or a part of a long one with the
// spaces before it, or a run of punctuation. The pieces joined are the text.

const PIECE = /\s*[\p{L}\p{M}\p{N}]{1,8}|\s*[^\s\p{L}\p{M}\p{N}]{1,4}|\s+/gu;

export function cutIntoPieces(text: string): string[] {
  return text.match(PIECE) ?? [];
}

export function countPieces(text: string): number {
  return text.match(PIECE)?.length ?? 0;
}

/** A number that is the same for the same text (FNV-1a, 32 bits). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
