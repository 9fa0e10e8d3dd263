// Texts in, vectors out. docs/endpoints.md
import { DIALECTS } from '../../dialects/registry.ts';
import type { EmbeddingRequest, EmbeddingResponse } from '../../model/embedding.ts';
import { GatewayError } from '../../model/errors.ts';
import type { Target } from '../../routing/targets.ts';
import { isForeignForm } from '../attempts/plan.ts';
import { sideOf } from '../attempts/spoken-dialect.ts';
import { askJson, type Operation } from './ask-json.ts';
import { servesSameModel } from './same-model.ts';

export async function answerEmbeddings(exchange: Operation): Promise<Response> {
  const { dialect, incoming } = exchange;
  const client = DIALECTS[dialect].client.embeddings;
  if (client === undefined) throw new GatewayError('internal', `${dialect} has no form for embeddings`);
  let parsed: EmbeddingRequest | undefined;
  const request = () => {
    parsed ??= client.parseRequest(incoming.body, incoming.route);
    return parsed;
  };
  return askJson(exchange, {
    targets: targetsOf(exchange),
    operationOf(target) {
      const { embeddings } = sideOf(target, dialect);
      if (embeddings === undefined) throw unsupported(target);
      return embeddings;
    },
    request,
    note(answer, observer) {
      observer.see({ type: 'start', id: null, model: answer.model });
      if (answer.usage !== null) observer.see({ type: 'usage', usage: answer.usage });
    },
    join,
    // Mistral's SDKs refuse an answer without an id, which OpenAI's answers do not have.
    passes: (target) => !isForeignForm(incoming, target),
    buildResponse(answer, target) {
      const id =
        incoming.traits.readsMistrals === true ? (answer.id ?? exchange.record.requestId) : undefined;
      return client.buildResponse(answer, request(), target.model, id);
    },
  });
}

/** Joins the vectors in the order of the texts; the count is known if each part has one. */
function join(answers: readonly EmbeddingResponse[]): EmbeddingResponse {
  const counts = answers.map(({ usage }) => usage?.inputTokens);
  const isCounted = counts.every((count) => count !== undefined);
  return {
    model: answers[0]?.model ?? null,
    usage: isCounted ? { inputTokens: counts.reduce((sum, count) => sum + count, 0) } : null,
    vectors: () => answers.flatMap((answer) => answer.vectors()),
  };
}

/** The first target, whose refusal is reported if it has no embeddings, and those after it that have them. */
function targetsOf({ dialect, incoming, route }: Operation): Target[] {
  // Vectors of two models cannot be compared: an index that holds both finds nothing, and reports no error.
  const isSameModel = servesSameModel(route, incoming.model);
  const [first] = route.targets;
  return route.targets.filter(
    (target) => target === first || (isSameModel(target) && sideOf(target, dialect).embeddings !== undefined),
  );
}

function unsupported({ provider, model }: Target): GatewayError {
  return new GatewayError(
    'unsupported_feature',
    `embeddings: ${provider.name} (model ${model}) speaks ${provider.dialect}, which has none; ask for the model of another provider, as "provider/model"`,
    { reason: { param: 'model' } },
  );
}
