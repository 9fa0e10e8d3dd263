// Which targets of a route an operation passes over, known before they are asked: for people who ask where a request would go.
import type { ClientRoute, ProviderSide } from '../../dialects/dialect.ts';
import { PROVIDER_SIDES } from '../../dialects/registry.ts';
import type { DialectId } from '../../model/dialect-id.ts';
import type { Route } from '../../routing/route.ts';
import type { Target } from '../../routing/targets.ts';
import { completionsOf, sideOf } from '../attempts/spoken-dialect.ts';
import { servesSameModel } from './same-model.ts';

export interface Unserved {
  code: 'unsupported' | 'another_model' | 'never_reached';
  /** A clause that says why, about the target. */
  why: string;
}

export interface OperationAsked {
  operation: ClientRoute['operation'];
  dialect: DialectId;
  model: string;
}

/** Why the target is not asked; undefined where it may be. */
export function whyUnserved(
  { operation, dialect, model }: OperationAsked,
  route: Route,
  target: Target,
): Unserved | undefined {
  const [first] = route.targets;
  switch (operation) {
    case 'generate':
      return undefined;
    case 'complete':
      if (completionsOf(target, dialect) === undefined) return unsupported('it serves no text completions');
      return servesSameModel(route, model)(target)
        ? undefined
        : {
            code: 'another_model',
            why: 'it serves another model, to which the prompt would mean something else',
          };
    case 'embed':
      if (sideOf(target, dialect).embeddings === undefined) return unsupported('it serves no embeddings');
      if (first !== undefined && sideOf(first, dialect).embeddings === undefined)
        return {
          code: 'never_reached',
          why: 'the request is refused, as the first target serves no embeddings',
        };
      return servesSameModel(route, model)(target)
        ? undefined
        : { code: 'another_model', why: 'it serves another model, whose vectors cannot be compared' };
    case 'compact':
      return undefined;
    case 'count-tokens': {
      const estimated = route.targets.findIndex((one) => countingSide(one, dialect) === undefined);
      return estimated !== -1 && route.targets.indexOf(target) > estimated
        ? { code: 'never_reached', why: 'the estimate before it cannot fail' }
        : undefined;
    }
  }
}

function unsupported(why: string): Unserved {
  return { code: 'unsupported', why };
}

/** The provider side, perhaps of another dialect, that counts the target's tokens; undefined: they are estimated here. */
export function countingSide(target: Target, dialect: DialectId): ProviderSide | undefined {
  const { countsIn } = target.provider.quirks;
  const own = sideOf(target, dialect);
  const side = own.countTokens === undefined && countsIn !== undefined ? PROVIDER_SIDES[countsIn] : own;
  return side.countTokens === undefined ? undefined : side;
}
