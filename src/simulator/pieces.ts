// Word-like tokens, the simulator's unit of pace and usage: a word or a part of a long one with the
// spaces before it, or a run of punctuation. The pieces joined are the text.

const PIECE = /\s*[\p{L}\p{M}\p{N}]{1,8}|\s*[^\s\p{L}\p{M}\p{N}]{1,4}|\s+/gu;

export function cutIntoPieces(text: string): string[] {
  return text.match(PIECE) ?? [];
}

export function countPieces(text: string): number {
  return text.match(PIECE)?.length ?? 0;
}
