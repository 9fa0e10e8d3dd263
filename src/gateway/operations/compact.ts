// Summarises a conversation: encrypted, by the provider that will read the summary itself, or as text by any other. docs/endpoints.md
import { DIALECTS } from '../../dialects/registry.ts';
import { GatewayError } from '../../model/errors.ts';
import { sameTarget } from '../../routing/targets.ts';
import { sideOf } from '../attempts/spoken-dialect.ts';
import { writesOwnSummary } from '../attempts/plan.ts';
import { askJson, mayGoOnAfter, type Operation } from './ask-json.ts';
import { answerContext } from '../response/answer-context.ts';
import { answerWhole } from './generate.ts';

/** If the conversation's first target encrypts its summary, no other provider can read that; all others write one as text. */
export async function answerCompaction(exchange: Operation): Promise<Response> {
  const { incoming, route, client, record } = exchange;
  const [first] = route.targets;
  if (first === undefined || !writesOwnSummary(incoming, first, first)) return writeSummary(exchange);
  try {
    return await askFirst(exchange);
  } catch (thrown) {
    const isLeft = route.targets.length > 1 || route.policy.contextFallback.length > 0;
    if (client.aborted) throw thrown;
    if (NOT_SERVED.includes(record.attempts.at(-1)?.status ?? 0)) {
      record.seen = null;
      return writeSummary({ ...exchange, question: { ...exchange.question, summaryAsText: true } });
    }
    if (!isLeft || !mayGoOnAfter(thrown, exchange)) throw thrown;
    record.seen = null;
    return writeSummary({ ...exchange, serves: (target) => !sameTarget(target, first) });
  }
}

/** Many servers that speak Responses do not have the path. */
const NOT_SERVED = [404, 405, 501];

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
