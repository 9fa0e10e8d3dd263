// Log probabilities: how sure the model was of each token that it wrote.

export interface TokenChance {
  token: string;
  /** Natural logarithm of the probability. */
  logprob: number;
  /** The token's bytes in UTF-8, where the provider tells them: a token may be a part of a letter. */
  bytes?: number[];
}

export interface TokenLogprob extends TokenChance {
  /** What else could have stood there, and the token itself, the likeliest first: as many as were asked for. */
  top: TokenChance[];
}
