// What each generation of models accepts, by the model's name. Sources: the SDK's types (1.11), recorded requests and the vendor's
// migration notes. Names come in many spellings: `claude-3-5-sonnet-20241022`, `claude-sonnet-4.5`,
// `anthropic.claude-opus-4-1-20250805-v1:0`, `claude-opus-4@20250514`.
import type { ReasoningEffort } from '../../model/request.ts';

export interface ModelTraits {
  /** `max_tokens` if the client set none; below the model's own maximum where that leaves more room for the prompt. */
  defaultMaxTokens: number;
  /**
   * `budget`: `enabled` with `budget_tokens`. `adaptive`: the model decides, led by the effort, and a budget
   * is refused. `either`: both forms. `always`: as adaptive, and it cannot be turned off.
   */
  thinking: 'none' | 'budget' | 'either' | 'adaptive' | 'always';
  /** Thinks between the calls of one turn only if the request names the beta feature. */
  interleaves: boolean;
  /** For models that always think: accepts `between_tools`, which means thinking only after tool results. Others refuse the value. */
  betweenTools: boolean;
  /** Thinks unless told not to. */
  thinksByDefault: boolean;
  /** Values of `output_config.effort`; null where nothing is known, empty where the field is refused. */
  efforts: readonly ReasoningEffort[] | null;
  /** Refuses `temperature`, `top_p` and `top_k`. */
  fixedSampling: boolean;
  /** Takes `temperature` or `top_p`, not both. */
  oneSampler: boolean;
  /** Takes `output_config.format` and strict tools. */
  structuredOutput: boolean;
  /** Takes messages of role `system`. */
  systemMessages: boolean;
  /** Takes `tool_choice` `any` and `tool`. */
  forcedTools: boolean;
  /** Supports web search, where it is served by Anthropic. */
  webSearch: boolean;
  /** Reads tools that are held back (`defer_loading`) once a search has found them. */
  toolSearch: boolean;
  /** Continues a final turn of the assistant, unless it thinks; false: refuses such a turn; null: unknown. */
  prefill: boolean | null;
  /** Opens thinking that Claude sealed on any platform (`seals.ts`). */
  opensSeals: boolean;
  /** Accepts its thinking back only after the history with which it came. */
  bindsThinking: boolean;
}

const NEWEST: ModelTraits = {
  defaultMaxTokens: 64_000,
  thinking: 'adaptive',
  interleaves: false,
  betweenTools: false,
  thinksByDefault: true,
  efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
  fixedSampling: true,
  oneSampler: true,
  structuredOutput: true,
  systemMessages: true,
  forcedTools: true,
  webSearch: true,
  toolSearch: true,
  // Since 4.6 that is an error: "The conversation must end with a user message".
  prefill: false,
  opensSeals: true,
  bindsThinking: false,
};

const ALWAYS_THINKING: ModelTraits = { ...NEWEST, thinking: 'always' };
const NO_FORCED_TOOLS: ModelTraits = { ...ALWAYS_THINKING, forcedTools: false, bindsThinking: true };
const V4_7: ModelTraits = { ...NEWEST, thinksByDefault: false, systemMessages: false };
const V4_6: ModelTraits = {
  ...V4_7,
  thinking: 'either',
  efforts: ['low', 'medium', 'high', 'max'],
  fixedSampling: false,
};
const V4_5: ModelTraits = { ...V4_6, thinking: 'budget', interleaves: true, efforts: [], prefill: true };
const V4_1: ModelTraits = { ...V4_5, defaultMaxTokens: 32_000, toolSearch: false };
const V4_0: ModelTraits = { ...V4_1, oneSampler: false, structuredOutput: false };
const V3_7: ModelTraits = { ...V4_0, interleaves: false };
const V3_5: ModelTraits = { ...V3_7, defaultMaxTokens: 8_192, thinking: 'none', webSearch: false };
const OLDEST: ModelTraits = { ...V3_5, defaultMaxTokens: 4_096 };

/** Another vendor's model that is served in this dialect: only what the oldest revisions of the dialect have. */
const FOREIGN: ModelTraits = {
  ...V3_5,
  thinking: 'budget',
  efforts: null,
  prefill: null,
  opensSeals: false,
};

/** An unknown family: like the newest, except that a client that sends a budget may know better. */
const UNKNOWN: ModelTraits = { ...NEWEST, thinking: 'either', thinksByDefault: false, toolSearch: false };

const FAMILIES: ReadonlySet<string> = new Set(['', 'opus', 'sonnet', 'haiku', 'fable', 'mythos', 'instant']);

/** First match wins. `since` is major × 100 + minor. */
const GENERATIONS: readonly { since: number; families?: RegExp; traits: ModelTraits }[] = [
  { since: 505, families: /sonnet/, traits: { ...NO_FORCED_TOOLS, betweenTools: true } },
  { since: 505, families: /opus/, traits: NO_FORCED_TOOLS },
  { since: 505, families: /haiku/, traits: { ...NEWEST, bindsThinking: true } },
  { since: 501, families: /fable|mythos/, traits: NO_FORCED_TOOLS },
  { since: 500, families: /fable|mythos/, traits: ALWAYS_THINKING },
  { since: 500, traits: NEWEST },
  { since: 408, traits: { ...V4_7, systemMessages: true } },
  { since: 407, traits: V4_7 },
  { since: 406, traits: V4_6 },
  { since: 405, families: /opus/, traits: { ...V4_5, efforts: ['low', 'medium', 'high'] } },
  { since: 405, traits: V4_5 },
  { since: 401, traits: V4_1 },
  { since: 400, traits: V4_0 },
  { since: 307, traits: V3_7 },
  { since: 305, traits: V3_5 },
  { since: 0, traits: OLDEST },
];

export function traitsOf(model: string): ModelTraits {
  const name = model.toLowerCase();
  const at = name.indexOf('claude-');
  if (at === -1) return FOREIGN;
  const words = name.slice(at + 'claude-'.length).split(/[^a-z0-9]+/);
  const family = words.find((word) => /^[a-z]{3,}$/.test(word)) ?? '';
  if (!FAMILIES.has(family)) return UNKNOWN;
  const version = versionOf(words, family);
  const row = GENERATIONS.find((each) => version >= each.since && (each.families?.test(family) ?? true));
  return row?.traits ?? UNKNOWN;
}

/** Whether the model is not another vendor's. */
export function isClaude(traits: ModelTraits): boolean {
  return traits !== FOREIGN;
}

/** The version: two numbers, before or after the family's name; a date or a platform's revision ends them. */
function versionOf(words: readonly string[], family: string): number {
  const numbers: number[] = [];
  for (const word of words) {
    if (/^\d{1,2}$/.test(word)) numbers.push(Number(word));
    else if (word !== family && numbers.length > 0) break;
    if (numbers.length === 2) break;
  }
  const [major, minor = 0] = numbers;
  if (major !== undefined) return major * 100 + minor;
  // `claude-v2` and `claude-instant-v1` are the oldest; a family without a number is a preview of the newest.
  return family === '' || family === 'instant' ? 0 : 500;
}
