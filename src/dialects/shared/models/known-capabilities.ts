// What models accept and can do, by their names, for providers whose lists do not say; only families whose vendors document it.
import type { ModelCapabilities } from '../../../model/model-entry.ts';

const NEITHER = { images: false, reasoning: false };
const SEES = { images: true, reasoning: false };
const THINKS = { images: false, reasoning: true };
const BOTH = { images: true, reasoning: true };

/** The vendor may precede the name: `anthropic/claude-…`, `us.anthropic.claude-…`. The first match counts. */
const FAMILIES: readonly [RegExp, ModelCapabilities][] = [
  [/embed/, { embeds: true }],
  [
    /audio|realtime|transcribe|whisper|\btts\b|\bsora\b|dall-e|moderation|-live|-image|\b(imagen|veo)-/,
    { tools: false },
  ],
  [/(^|[/.])claude-(instant|v?[12]\b)/, NEITHER],
  [/(^|[/.])claude-3[-.](opus|sonnet|haiku|5)/, SEES],
  [/(^|[/.])claude-/, BOTH],
  [/(^|[/.])gemini-(1\.|2\.0)/, SEES],
  [/(^|[/.])gemini-\d/, BOTH],
  [/(^|[/.])gpt-oss/, THINKS],
  [/(^|[/.])(chatgpt-4o|gpt-(4o|4\.1|4-turbo|5(\.\d)?-chat))/, SEES],
  [/(^|[/.])gpt-([5-9]|1\d)\b/, BOTH],
  [/(^|[/.])o[13]-mini/, THINKS],
  [/(^|[/.])o[134]\b/, BOTH],
];

/** Empty where nothing is known. */
export function knownCapabilities(model: string): ModelCapabilities {
  const name = model.toLowerCase();
  return FAMILIES.find(([models]) => models.test(name))?.[1] ?? {};
}
