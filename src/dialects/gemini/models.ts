// What is known of Gemini's model families by name, if requests must differ. https://ai.google.dev/gemini-api/docs/thinking

export interface ModelTraits {
  /** How thinking is requested: by level (from Gemini 3 on, and Gemma 4), by token budget (2.5), or not at all. */
  thinking: 'level' | 'budget' | 'none';
  /** False if thinking cannot be turned off. */
  thinkingCanStop: boolean;
  /** Accepted levels, lowest first. */
  levels: readonly ThinkingLevel[];
  /** Least and most tokens of a budget. */
  budget: readonly [least: number, most: number];
  /** Refuses budgets, which models with levels before 4 still accept. https://github.com/BerriAI/litellm/discussions/46238 */
  refusesBudgets: boolean;
  /** Refuses unsigned calls in the history (https://ai.google.dev/gemini-api/docs/thought-signatures). */
  needsSignatures: boolean;
  /** Makes images, and requires signatures in its own turns: on the first part, and on each image. */
  needsSignedImages: boolean;
  /** Accepts images and documents within a function response. */
  mediaInResults: boolean;
  /**
   * Refuses a turn of its own at the end: 3.5 Flash-Lite, and all from 3.6 on.
   * https://ai.google.dev/gemini-api/docs/generate-content/whats-new-gemini-3.6
   */
  refusesPrefill: boolean;
  /** "Penalty is not enabled for this model", from 2.5 on. https://github.com/google-gemini/cookbook/issues/1290 */
  refusesPenalties: boolean;
  /**
   * When it accepts a JSON answer. Before 3: "Function calling with a response mime type: 'application/json' is unsupported"
   * (https://github.com/googleapis/python-genai/issues/706); Gemma 3: "JSON mode is not enabled".
   */
  json: 'always' | 'without-tools' | 'never';
  /** Refuses a system prompt, as Gemma 3 does: "Developer instruction is not enabled". https://github.com/agno-agi/agno/issues/3505 */
  refusesSystem: boolean;
  /** Accepts `googleSearch`. */
  webSearch: boolean;
  /** Accepts `urlContext`. https://ai.google.dev/gemini-api/docs/url-context */
  fetchesPages: boolean;
}

export type ThinkingLevel = 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH' | 'XHIGH';

export function modelTraits(model: string): ModelTraits {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  const version = versionOf(name);
  const isPro = /\bpro\b/.test(name);
  if (version >= 3) {
    return {
      thinking: 'level',
      thinkingCanStop: false,
      levels: levelsOf(name, version, isPro),
      budget: [0, 32_768],
      refusesBudgets: version >= 4,
      needsSignatures: true,
      needsSignedImages: /\bimage\b/.test(name),
      mediaInResults: true,
      refusesPrefill: version >= 3.6 || /3\.5-flash-lite|latest$/.test(name),
      refusesPenalties: true,
      json: 'always',
      refusesSystem: false,
      webSearch: true,
      fetchesPages: true,
    };
  }
  const isOlderGemma = /^gemma-[23]/.test(name);
  const older = {
    levels: [],
    refusesBudgets: false,
    needsSignatures: false,
    needsSignedImages: false,
    mediaInResults: false,
    refusesPrefill: false,
    refusesPenalties: version >= 2.5,
    json: isOlderGemma ? ('never' as const) : jsonOf(version),
    refusesSystem: isOlderGemma,
    webSearch: version >= 2,
    fetchesPages: version >= 2.5,
  };
  if (version >= 2.5) {
    const budget = isPro ? ([128, 32_768] as const) : ([/lite/.test(name) ? 512 : 1, 24_576] as const);
    return { thinking: 'budget', thinkingCanStop: !isPro, budget, ...older };
  }
  // Only these two levels, and no budget. https://github.com/earendil-works/pi/issues/2812, https://github.com/livekit/agents/pull/7095
  if (/^gemma-?4/.test(name)) {
    const levels = ['MINIMAL', 'HIGH'] as const;
    return {
      thinking: 'level',
      thinkingCanStop: false,
      budget: [0, 0],
      ...older,
      levels,
      refusesBudgets: true,
    };
  }
  // Gemma, 2.0, 1.5 and the like. Requests for other vendors' models are not restricted.
  const thinks = version === 0 && !/gemma|learnlm/.test(name);
  return { thinking: thinks ? 'budget' : 'none', thinkingCanStop: true, budget: [1, 32_768], ...older };
}

/** Before 3. Nothing is known of other vendors' models. */
function jsonOf(version: number): ModelTraits['json'] {
  return version === 0 ? 'always' : 'without-tools';
}

/**
 * Other levels are refused, not rounded. Flash refuses the lowest from 3.7 on, Flash-Lite does not. Of 4, Argon and Carbon end at `HIGH`.
 * https://ai.google.dev/gemini-api/docs/generate-content/thinking#thinking-levels,
 * https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/guides/gemini-4-hydrogen
 */
function levelsOf(name: string, version: number, isPro: boolean): readonly ThinkingLevel[] {
  if (isPro) return version === 3 ? ['LOW', 'HIGH'] : ['LOW', 'MEDIUM', 'HIGH'];
  if (/flash(-lite)?-image/.test(name)) return ['MINIMAL', 'HIGH'];
  if (/^gemini-4-(hydrogen|neon)/.test(name)) return ['LOW', 'MEDIUM', 'HIGH', 'XHIGH'];
  const isOlder = version < 3.7 && !name.endsWith('flash-latest');
  return isOlder || /lite/.test(name) ? ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'] : ['LOW', 'MEDIUM', 'HIGH'];
}

/** Up to 2.5 a grounded prompt is billed once, however many searches it made; from 3 on, each query is billed. */
export function searchedByPrompt(model: string): boolean {
  const version = versionOf(model.slice(model.lastIndexOf('/') + 1).toLowerCase());
  return version > 0 && version < 3;
}

/** 2.5 for `gemini-2.5-pro`; the newest for `gemini-flash-latest`; 0 for models other than Gemini. */
function versionOf(name: string): number {
  const stated = /gemini-(\d+(?:\.\d+)?)/.exec(name)?.[1];
  if (stated !== undefined) return Number(stated);
  return /^gemini-[a-z-]*latest$/.test(name) ? 3.1 : 0;
}
