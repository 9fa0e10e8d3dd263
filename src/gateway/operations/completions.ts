// Text completions: the model continues a prompt in its own format. docs/endpoints.md
import { GatewayError } from '../../model/errors.ts';
import type { Target } from '../../routing/targets.ts';
import { completionsOf } from '../attempts/spoken-dialect.ts';
import { answerGeneration } from './generate.ts';
import type { Operation } from './ask-json.ts';
import { servesSameModel } from './same-model.ts';

/** Asks the targets that serve text completions of the same model. Throws `unsupported_feature` if none does. */
export function answerCompletion(exchange: Operation): Promise<Response> {
  const { dialect, incoming, route } = exchange;
  // Token ids, and the marks around a gap to be filled, mean something else to another model.
  const isSameModel = servesSameModel(route, incoming.model);
  const serves = (target: Target) => completionsOf(target, dialect) !== undefined && isSameModel(target);
  const [first] = route.targets;
  if (first !== undefined && !route.targets.some(serves)) throw unsupported(first);
  return answerGeneration({ ...exchange, serves });
}

function unsupported({ provider, model }: Target): GatewayError {
  return new GatewayError(
    'unsupported_feature',
    `text completions: ${provider.name} (model ${model}) serves none; ask for it in /v1/chat/completions, or for the model of another provider, as "provider/model"`,
    { reason: { param: 'model' } },
  );
}
