// Log probabilities: how certain the model was of each token that it wrote.

export interface TokenChance {
  token: string;
  /** Natural logarithm of the probability. */
  logprob: number;
  /** The token's UTF-8 bytes, if the provider states them: a token may be part of a character. */
  bytes?: number[];
}

export interface TokenLogprob extends TokenChance {
  /** The alternatives and the token itself, likeliest first: as many as were requested. */
  top: TokenChance[];
}
