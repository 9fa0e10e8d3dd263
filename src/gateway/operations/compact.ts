// Has a conversation summarised: encrypted by the provider that answers it, or as text by any other. docs/endpoints.md
import { DIALECTS } from '../../dialects/registry.ts';
import { GatewayError } from '../../model/errors.ts';
import { sideOf, writesOwnSummary } from '../attempts/plan.ts';
import { askJson, type Operation } from './ask-json.ts';
import { answerContext, answerWhole } from './generate.ts';

/** Where the conversation's first target encrypts its summary, only that is asked: no other provider could read it. */
export function answerCompaction(exchange: Operation): Promise<Response> {
  const { incoming, route } = exchange;
  const [first] = route.targets;
  return first !== undefined && writesOwnSummary(incoming, first, first)
    ? askFirst(exchange)
    : writeSummary(exchange);
}

function askFirst(exchange: Operation): Promise<Response> {
  const { dialect, question, route } = exchange;
  return askJson(exchange, {
    targets: route.targets.slice(0, 1),
    operationOf(target) {
      const { compact } = sideOf(target, dialect);
      if (compact === undefined) throw new GatewayError('internal', `${target.provider.name} has no summary`);
      return compact;
    },
    request: () => question.neutral(),
    note({ model, usage }, observer) {
      observer.see({ type: 'start', id: null, model });
      if (usage !== null) observer.see({ type: 'usage', usage });
    },
    buildResponse: ({ body }) => body,
  });
}

function writeSummary(exchange: Operation): Promise<Response> {
  return answerWhole(exchange, (_, { plan, answer }) => {
    const { dialect, incoming } = exchange;
    const build = DIALECTS[dialect].client.summaries?.buildResponse;
    if (build === undefined) throw new GatewayError('internal', `${dialect} has no form of a summary`);
    return build(answer, incoming.body, answerContext(exchange, plan.target));
  });
}
