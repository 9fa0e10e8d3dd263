// Finds a model in the price table of `@pydantic/genai-prices`, or reports that it is missing.
//
// The table matches model names by prefix and by substring as well as whole: `claude-opus-4-1…` would price
// a `claude-opus-4-10` that has not been announced yet. A price is never a guess, so a partial match counts
// only where the rest of the name is a revision of the same model (a date, `latest`, `v2:0`…).
import type { MatchLogic, ModelInfo, Provider } from '@pydantic/genai-prices';
import { priceLibrary } from './library.ts';

/** A provider of the price table that contains only this model, under the exact name asked for. */
export function findPrices(priceId: string, model: string): Provider | null {
  // The library also accepts ids that are nearly right.
  const provider = exactProvider(priceId);
  if (provider === undefined) return null;
  const name = model.trim().toLowerCase();
  if (name === '') return null;
  const candidates = [name, dashedDate(name), name.replace(MODEL_ARN, '')];
  for (const owner of [provider, ...(provider.fallback_model_providers ?? []).map(exactProvider)]) {
    const found = owner?.models.find((info) =>
      candidates.some((candidate) => matches(info.match, candidate)),
    );
    if (owner !== undefined && found !== undefined) return only(owner, found, name);
  }
  return null;
}

/** What precedes a model's own name in Amazon's ARNs. */
const MODEL_ARN = /^arn:[^/]*:(?:foundation-model|inference-profile)\//;

function exactProvider(id: string): Provider | undefined {
  const provider = priceLibrary().findProvider({ providerId: id });
  return provider?.id === id ? provider : undefined;
}

/** The same for prices by model name, which a revision of the model may follow. */
export function findAmong(
  prices: Readonly<Record<string, ModelInfo['prices']>>,
  id: string,
  model: string,
): Provider | null {
  const name = model.trim().toLowerCase();
  const known = Object.keys(prices).find(
    (key) => name.startsWith(key) && isRest(key, name.slice(key.length)),
  );
  const found = known === undefined ? undefined : prices[known];
  if (found === undefined) return null;
  return { id, name: id, api_pattern: '', models: [{ id: name, match: { equals: name }, prices: found }] };
}

function only(provider: Provider, model: ModelInfo, name: string): Provider {
  return {
    id: provider.id,
    name: provider.name,
    api_pattern: provider.api_pattern,
    models: [{ ...model, match: { equals: name } }],
  };
}

/** `name-20250807` in the table's other spelling: `name-2025-08-07`. */
function dashedDate(name: string): string {
  return name.replace(/-(20\d\d)(\d\d)(\d\d)(?=[-:]|$)/, '-$1-$2-$3');
}

function matches(match: MatchLogic, name: string): boolean {
  if ('or' in match) return match.or.some((part) => matches(part, name));
  if ('and' in match) return match.and.every((part) => matches(part, name));
  if ('equals' in match) return name === match.equals.toLowerCase();
  if ('regex' in match) return new RegExp(match.regex).test(name);
  if ('starts_with' in match) {
    const start = match.starts_with.toLowerCase();
    return name.startsWith(start) && isRest(start, name.slice(start.length));
  }
  if ('ends_with' in match) {
    const end = match.ends_with.toLowerCase();
    return name.endsWith(end) && isPath(name.slice(0, -end.length));
  }
  const part = match.contains.toLowerCase();
  const at = name.indexOf(part);
  return at >= 0 && isPath(name.slice(0, at)) && isRest(part, name.slice(at + part.length));
}

const REVISION =
  /^(?:[-@:.]?(?:20\d{6}|20\d\d-\d\d-\d\d|\d\d-20\d\d|\d\d-\d\d|\d{3,4}|latest|default|preview|exp|v\d+))*(?::\d+k?)*$/;
/**
 * In characters. Digits can be divided in many ways, all of which the expression would try: more than half a second for a name of
 * a hundred, where the engine gives up.
 */
const LONGEST_REVISION = 40;
/** The rest of a date whose beginning belongs to the table's prefix, e.g. `…-2025` + `0514`. */
const REST_OF_DATE = /^-?(?:\d{4}|\d\d-\d\d)(?=[-@:.]|$)/;

function isRest(prefix: string, rest: string): boolean {
  // A fine-tuned model is priced by its base; what follows is the name of the tuning.
  if (prefix.startsWith('ft:')) return rest === '' || /[-:]$/.test(prefix) || /^[-:]/.test(rest);
  // After a version number, another digit makes a different version: `…-4-1` + `0`.
  if (/\d$/.test(prefix) && /^\d/.test(rest)) {
    // `-0` begins a revision (`-001`), which a prefix may also split.
    if (prefix.endsWith('-0')) return /^\d\d?$/.test(rest);
    return /20\d\d$/.test(prefix) && REST_OF_DATE.test(rest) && isRevision(rest.replace(REST_OF_DATE, ''));
  }
  return isRevision(rest);
}

function isRevision(text: string): boolean {
  return text.length <= LONGEST_REVISION && REVISION.test(text);
}

/** Whether it is a region, vendor or folder before the name: `us.anthropic.`, `publishers/x/models/`. */
function isPath(before: string): boolean {
  return before === '' || /[./:]$/.test(before);
}
