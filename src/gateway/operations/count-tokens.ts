// Counts a prompt's tokens: by the provider where it offers that, else estimated here. docs/endpoints.md
import type { ProviderSide } from '../../dialects/dialect.ts';
import { fitArgumentNames } from '../../dialects/shared/tools/argument-names.ts';
import { fitToolNames } from '../../dialects/shared/tools/tool-names.ts';
import { GatewayError } from '../../model/errors.ts';
import type { Target } from '../../routing/targets.ts';
import { wordingFor } from '../response/recipient.ts';
import { askJson, mayGoOnAfter, type Operation, respond } from './ask-json.ts';
import { estimateTokens } from './estimate-tokens.ts';
import { countingSide } from './unserved.ts';

const ESTIMATE_HEADER = 'x-sluice-estimate';

export async function answerTokenCount(exchange: Operation): Promise<Response> {
  const { dialect, question, record, host } = exchange;
  const { targets } = exchange.route;
  const build = wordingFor(exchange).buildTokenCount;
  if (build === undefined) throw new GatewayError('internal', `${dialect} has no form for token counts`);

  /** Counts with substitutes for names that the provider refuses. */
  function countOf(target: Target): ProviderSide['countTokens'] {
    const side = countingSide(target, dialect);
    const operation = side?.countTokens;
    return (
      operation && {
        ...operation,
        buildRequest(request, options) {
          const fitted = fitArgumentNames(request, side?.argumentNames).request;
          return operation.buildRequest(fitToolNames(fitted, side?.toolNames).request, options);
        },
      }
    );
  }

  async function estimate(target: Target): Promise<Response> {
    record.target = target;
    record.overheadMs ??= host.monotonic() - record.startedAt;
    const pause = () => new Promise<void>((resolve) => host.setTimer(resolve, 0));
    const tokens = await estimateTokens(question.neutral(), pause);
    const headers = { [ESTIMATE_HEADER]: 'tokenizer' };
    return respond(exchange, JSON.stringify(build?.(tokens)), headers);
  }

  async function answerEstimate(target: Target): Promise<Response> {
    const response = await estimate(target);
    record.end({ status: 'success' });
    return response;
  }

  // An estimate cannot fail, so targets after it in the chain are never asked.
  const end = targets.findIndex((target) => countOf(target) === undefined);
  const estimated = targets[end];
  if (end === 0 && estimated !== undefined) return answerEstimate(estimated);
  try {
    return await askJson(exchange, {
      targets: end === -1 ? targets : targets.slice(0, end),
      operationOf(target) {
        const operation = countOf(target);
        if (operation === undefined)
          throw new GatewayError('internal', 'this target is not asked for token counts');
        return operation;
      },
      request: () => question.neutral(),
      buildResponse: (tokens) => build(tokens),
      passes: () => exchange.envelope?.answers === undefined,
      instead: (error, status, target) => (isAbsent(error, status) ? estimate(target) : undefined),
    });
  } catch (thrown) {
    if (estimated === undefined || !mayGoOnAfter(thrown, exchange)) throw thrown;
    return answerEstimate(estimated).catch(() => {
      // If it cannot be estimated either, the client learns why it was not counted.
      throw thrown;
    });
  }
}

/** Servers without the dialect's token count answer that the path does not exist; some count only for some models. */
function isAbsent(error: GatewayError, status: number | null): boolean {
  if (status === 405 || status === 501) return true;
  // Google Cloud counts tokens for Claude in some locations only, through a model of this name.
  if ((status === 400 || status === 404) && /\bcount-tokens\b/.test(error.message)) return true;
  if (status === 400)
    return /does ?n.t support counting tokens|not supported for token counting/i.test(error.message);
  // A 404 may also mean that the model does not exist.
  return status === 404 && !/\bmodels?\b/i.test(error.message);
}
