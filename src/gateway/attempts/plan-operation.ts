// The upstream requests of an operation other than generation.
import type { ProviderOperation } from '../../dialects/operations.ts';
import { editTopLevel } from '../../model/json/edit.ts';
import { writeJson } from '../../model/json/write-json.ts';
import type { Target } from '../../routing/targets.ts';
import { addHeaders } from '../../upstream/headers.ts';
import { operationPath } from '../../upstream/target-url.ts';
import type { Incoming } from '../request/incoming.ts';
import { withinStack } from '../request/nesting.ts';
import { transformHeaders } from '../transform/request.ts';
import { passQuery, withQuery } from './pass-query.ts';
import type { Plan, PlanContext } from './plan.ts';
import { isOfAnother, planLine, stepsFor, versionFor } from './request-line.ts';
import { baseUrlOf, dialectOf, endpointOf } from './spoken-dialect.ts';
import { buildOptions, unread } from './write-body.ts';

/**
 * The upstream requests of an operation other than generation: the client's bytes where both sides speak the same dialect; several requests
 * where the provider does not take all of a translated one at once.
 */
export function planOperation<Request, Answer>(
  incoming: Incoming,
  target: Target,
  operation: ProviderOperation<Request, Answer>,
  parse: () => Request,
  context: PlanContext,
): Plan[] {
  const { provider, model } = target;
  const { asks } = incoming;
  const isSame = asks === incoming.dialect && asks === dialectOf(target, asks);
  const fits = isSame && operation.passes?.(incoming.body, provider.quirks, model) !== false;
  const parts = fits ? undefined : operation.split?.(parse(), model, provider.quirks);
  if (parts === undefined) return [planPart(incoming, target, operation, parse, context)];
  return parts.map((part) => planPart(incoming, target, operation, () => part, context));
}

function planPart<Request, Answer>(
  incoming: Incoming,
  target: Target,
  operation: ProviderOperation<Request, Answer>,
  parse: () => Request,
  context: PlanContext,
): Plan {
  const { provider, model } = target;
  const line = planLine(incoming, target, false, context);
  const { side, sameDialect } = line;
  const { quirks } = provider;
  const atVersion = versionFor(incoming, target, side, sameDialect);
  const fits = sameDialect && operation.passes?.(incoming.body, quirks, model) !== false;
  const { body, losses } =
    fits && !isOfAnother(incoming, side, target)
      ? {
          body: editTopLevel(incoming.text, operation.edits(incoming.body, model, quirks)),
          losses: operation.losses?.(incoming.body, model, quirks) ?? [],
        }
      : withinStack(() => {
          const built = operation.buildRequest(parse(), buildOptions(target, context));
          if (built.headers !== undefined) addHeaders(line.headers, built.headers, side.listHeaders ?? []);
          const losses = [...built.losses, ...unread(incoming)];
          return { body: writeJson(built.body, incoming.text.length), losses };
        });
  const transformed = transformHeaders(stepsFor(target, context), target, line.headers);
  return {
    target,
    ...line,
    passesAnswer: fits,
    url: withQuery(
      baseUrlOf(provider, line.dialect) +
        atVersion(operationPath(endpointOf(target), side, model, operation.endpoint(model, quirks), quirks)),
      sameDialect ? passQuery(incoming, side, quirks, context.serverKeys) : '',
    ),
    body,
    losses: [...losses, ...transformed.losses],
    hides: undefined,
    transformers: transformed.transformers,
    answerSteps: [],
  };
}
