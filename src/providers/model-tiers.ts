// Tiers of models by their vendors' names, as a table: that one name contains another proves nothing.

interface ModelTier {
  tier: string;
  /** Matches a model's own name, in lower case, without provider, region or path before it. The first row that matches counts. */
  models: RegExp;
  /** Agents use such models for side tasks, such as titles, summaries and checks. */
  small?: true;
}

/** What may follow a name: a date, a context size or a revision. */
const END = '(?:$|[-@:[.])';
const claude = (name: string) => new RegExp(`^claude-(?:\\d[\\d.-]*-)?${name}${END}`);

const MODEL_TIERS = [
  { tier: 'mythos', models: claude('mythos') },
  { tier: 'fable', models: claude('fable') },
  { tier: 'opus', models: claude('opus') },
  { tier: 'sonnet', models: claude('sonnet') },
  { tier: 'haiku', models: claude('haiku'), small: true },
  { tier: 'gpt-pro', models: new RegExp(`^(?:gpt-\\d[\\d.]*|o\\d)-pro${END}`) },
  { tier: 'gpt-nano', models: new RegExp(`^gpt-\\d[\\d.]*-nano${END}`), small: true },
  {
    tier: 'gpt-mini',
    models: new RegExp(`^(?:gpt-\\d[\\d.]*o?(?:-codex)?-mini|o\\d-mini|codex-mini|gpt-3\\.5-turbo)${END}`),
    small: true,
  },
  // The smallest of each generation since GPT-5.6.
  { tier: 'gpt', models: new RegExp(`^gpt-\\d[\\d.]*-luna${END}`), small: true },
  { tier: 'gpt', models: new RegExp(`^(?:chatgpt-\\d|gpt-\\d|o\\d)[\\d.]*o?${END}`) },
  {
    tier: 'gemini-flash-lite',
    models: new RegExp(`^gemini-(?:\\d[\\d.]*-)?flash-lite${END}`),
    small: true,
  },
  { tier: 'gemini-flash', models: new RegExp(`^gemini-(?:\\d[\\d.]*-)?flash${END}`) },
  { tier: 'gemini-pro', models: new RegExp(`^gemini-(?:\\d[\\d.]*-)?pro${END}`) },
] as const satisfies readonly ModelTier[];

export type TierName = (typeof MODEL_TIERS)[number]['tier'];

export const TIER_NAMES: readonly TierName[] = [...new Set(MODEL_TIERS.map((row) => row.tier))];

/** No model has a longer name. */
const LONGEST_NAME = 200;

/** The tier of a model as a client may name it: `us.vendor.claude-opus-4-1-v1:0` and `vendor/claude-opus-4.1` too. */
export function tierOf(model: string): (ModelTier & { tier: TierName }) | undefined {
  if (model.length > LONGEST_NAME) return undefined;
  const name = model
    .toLowerCase()
    .slice(model.lastIndexOf('/') + 1)
    .replace(/^(?:[a-z][a-z-]*\.)+/, '');
  return MODEL_TIERS.find((row) => row.models.test(name));
}
