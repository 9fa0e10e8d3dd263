// Which targets of a fallback chain serve the model that was asked for.
import type { Route } from '../../routing/route.ts';
import type { Target } from '../../routing/targets.ts';

/** Selects the rule's own targets, and later ones that serve the same model, by its name or by their alias for it. */
export function servesSameModel({ targets, ownTargets }: Route, asked: string): (target: Target) => boolean {
  const own = targets.slice(0, ownTargets);
  const names = [asked, ...own.map(({ model }) => model)].map(bareName);
  return (target) => {
    const { provider, model } = target;
    return (
      own.includes(target) ||
      names.includes(bareName(model)) ||
      names.some((name) => provider.models[name] === model)
    );
  };
}

/** The name without a vendor: OpenRouter puts `openai/` before OpenAI's names. */
function bareName(model: string): string {
  return model.slice(model.lastIndexOf('/') + 1);
}
