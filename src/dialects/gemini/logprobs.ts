// Log probabilities of a candidate's tokens. https://ai.google.dev/api/generate-content#LogprobsResult
import type { JsonObject } from '../../model/json/json.ts';
import type { TokenChance, TokenLogprob } from '../../model/logprobs.ts';
import type { AnswerLosses } from '../shared/losses/answer-losses.ts';

/** `{logprobsResult}`; `{}` if there are no tokens. */
export function logprobsResult(tokens: readonly TokenLogprob[], losses: AnswerLosses): JsonObject {
  if (tokens.length === 0) return {};
  const chanceOf = ({ token, logprob, bytes }: TokenChance): JsonObject => {
    if (bytes !== undefined && differsFromText(token, bytes)) losses.lost('logprobs.bytes');
    return { token, logProbability: logprob };
  };
  const topCandidates = tokens.map(({ top }) => ({ candidates: top.map(chanceOf) }));
  const others = tokens.some(({ top }) => top.length > 0);
  return { logprobsResult: { ...(others && { topCandidates }), chosenCandidates: tokens.map(chanceOf) } };
}

const encoder = new TextEncoder();

/** Whether the token's bytes differ from its text, as with a part of a character; there is no field for them here. */
function differsFromText(token: string, bytes: readonly number[]): boolean {
  const spelled = encoder.encode(token);
  return spelled.length !== bytes.length || bytes.some((byte, at) => byte !== spelled[at]);
}
