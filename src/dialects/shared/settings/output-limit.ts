// Lowers an output limit to the model's own, where that is known, since the request would be refused otherwise: a client of another dialect
// does not know how much the model can write, and Anthropic's clients must name a limit.
import type { Loss, NeutralRequest } from '../../../model/request.ts';
import type { OutputLimit } from '../../quirks.ts';

interface LimitedRequest {
  request: NeutralRequest;
  losses: Loss[];
}

/** @param limits the first that matches `model` counts. */
export function fitOutputLimit(
  request: NeutralRequest,
  model: string,
  limits: readonly OutputLimit[] = [],
): LimitedRequest {
  const { maxOutputTokens: asked } = request;
  if (asked === undefined) return { request, losses: [] };
  const most = limits.find(({ models }) => models.test(model))?.tokens;
  if (most === undefined || asked <= most) return { request, losses: [] };
  const how = `${most}, the most that the model writes`;
  return {
    request: { ...request, maxOutputTokens: most },
    losses: [{ feature: 'max_tokens', outcome: 'approximated', how }],
  };
}
