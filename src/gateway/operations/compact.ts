// Has a conversation summarised and encrypted by the provider that answers it. docs/endpoints.md
import { SUMMARISE } from '../../dialects/openai-responses/parse-input.ts';
import { GatewayError } from '../../model/errors.ts';
import type { Target } from '../../routing/targets.ts';
import { sideOf } from '../attempts/plan.ts';
import { askJson, type Operation } from './ask-json.ts';

/** Asks only the conversation's first target: no other provider could read the summary. */
export function answerCompaction(exchange: Operation): Promise<Response> {
  const { dialect, question, route } = exchange;
  return askJson(exchange, {
    targets: route.targets.slice(0, 1),
    operationOf(target) {
      const { compact } = sideOf(target, dialect);
      if (compact === undefined) throw unsupported(target);
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

function unsupported({ provider, model }: Target): GatewayError {
  return new GatewayError(
    'unsupported_feature',
    `${provider.name} (model ${model}) speaks ${provider.dialect}, which has no encrypted summary; ${SUMMARISE}`,
    { reason: { param: 'model' } },
  );
}
