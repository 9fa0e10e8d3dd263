// Token counts of one answer, as the upstream reported them; never estimated from chunks.
import type { JsonObject, JsonValue } from './json/json.ts';

export interface Usage {
  /** Prompt tokens that were neither read from nor written to a cache. */
  inputTokens: number;
  /** All generated tokens, reasoning included. */
  outputTokens: number;
  cacheReadTokens: number;
  /** All tokens written to a cache; `cacheWrite1hTokens` is the part kept for an hour. */
  cacheWriteTokens: number;
  cacheWrite1hTokens: number;
  /** The part of `outputTokens` spent on reasoning, if the upstream says. */
  reasoningTokens: number;
  /** Web searches run by the provider and billed separately. */
  webSearches: number;
  audioInputTokens: number;
  audioOutputTokens: number;
}

export const NO_USAGE: Readonly<Usage> = Object.freeze({
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  reasoningTokens: 0,
  webSearches: 0,
  audioInputTokens: 0,
  audioOutputTokens: 0,
});

/** What one report states. */
export type StatedUsage = Partial<Usage> & OddCounts & StatedBill;

/** What an answer states about its price. */
export interface StatedBill {
  /** The service tier that answered, if not the usual one: its token prices differ. */
  tier?: string;
  /** What the server bills for the whole answer, USD. */
  billedUsd?: number;
  pricedApart?: PricedParts;
  /** Billed in addition to the answer's own counts (which show a client how long its conversation is). */
  besides?: Partial<Usage>;
  /** The provider also bills something that is not counted, whose price neither the answer nor a table states. */
  otherCharges?: true;
}

/** Parts of the counts that some models price separately; left out if the answer does not say. */
export interface PricedParts {
  /** The part of `cacheReadTokens` that is audio, and so also a part of `audioInputTokens`. */
  cachedAudioTokens?: number;
  /** Parts of `outputTokens`. */
  imageOutputTokens?: number;
  videoOutputTokens?: number;
  /** The whole output is images: if the model has one price for output, it is theirs. */
  onlyImages?: true;
  /** The part of `inputTokens` that is images, at models that price them separately. */
  imageInputTokens?: number;
  /** Seconds of audio that the model listened to, billed instead of tokens. */
  audioSeconds?: number;
  /** Pages that were read, billed instead of tokens. */
  documentPages?: number;
  /** Those of them that were also annotated, which has one price for both. */
  annotatedPages?: number;
  /** Searches in files that the provider stores, in addition to `webSearches`. */
  fileSearches?: number;
}

/** Only the billing fields. */
export function billOf({ tier, billedUsd, pricedApart, besides, otherCharges }: StatedBill): StatedBill {
  const bill: StatedBill = {};
  if (tier !== undefined) bill.tier = tier;
  if (billedUsd !== undefined) bill.billedUsd = billedUsd;
  if (pricedApart !== undefined) bill.pricedApart = pricedApart;
  if (besides !== undefined) bill.besides = besides;
  if (otherCharges !== undefined) bill.otherCharges = otherCharges;
  return bill;
}

/** Service tier → factor of the usual token price, for all models or only for `models`; null: unknown, as for other models. */
export type TierPrices = Readonly<Record<string, number | { models: RegExp; times: number } | null>>;

/** Names of providers' usual tier, or of a tier that is not billed by tokens. */
const USUAL_TIERS = new Set([
  '',
  'auto',
  'default',
  'standard',
  'standard_only',
  'on_demand',
  'scale',
  'unspecified',
]);

/** Reads the tier that an answer states. */
export function tierIn(value: JsonValue | undefined): Pick<StatedBill, 'tier'> {
  if (typeof value !== 'string' || USUAL_TIERS.has(value) || value.length > LONGEST_TIER) return {};
  return { tier: value };
}

const LONGEST_TIER = 64;

/** Whether an impossible count was stated: negative, or absurdly large. Such a count is left out, as if it had not been stated. */
interface OddCounts {
  oddCounts?: true;
}

/** No real count is larger, and a million rows of this still add up exactly in 64 bits. */
export const MAX_COUNT = 1e12;

/** The value if it is a count. */
export function countIn(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= MAX_COUNT ? value : undefined;
}

/** The count at the top of a body. Throws Error if there is none. */
export function requiredCount(body: JsonObject, field: string): number {
  const count = countIn(body[field]);
  if (count === undefined) throw new Error(`${field} is missing`);
  return count;
}

/** Reads the counts of one report, and notes whether any of them was impossible. */
export class CountReader {
  private odd = false;

  read(value: JsonValue | undefined): number | undefined {
    const count = countIn(value);
    if (count === undefined && typeof value === 'number') this.odd = true;
    return count;
  }

  /** The largest of several: some servers state one count under two names, of which one is always 0. */
  largest(...values: (JsonValue | undefined)[]): number | undefined {
    let largest: number | undefined;
    for (const value of values) {
      const count = this.read(value);
      if (count !== undefined && (largest === undefined || count > largest)) largest = count;
    }
    return largest;
  }

  /** The counts that were read, marked if any was left out. */
  stated(usage: Partial<Usage>): StatedUsage {
    return this.odd ? { ...usage, oddCounts: true } : usage;
  }
}

/** The counts of a whole answer. */
export interface AnswerCounts extends OddCounts, StatedBill {
  usage: Usage;
  /** The answer stated no counts, so those in `usage` are unknown. */
  uncounted?: true;
}

/** @param stated undefined if the answer has no place for counts. */
export function countsOf(stated: StatedUsage = {}): AnswerCounts {
  const { oddCounts } = stated;
  const counts: AnswerCounts = { usage: mergeUsage(NO_USAGE, stated), ...billOf(stated) };
  if (oddCounts !== undefined) counts.oddCounts = oddCounts;
  else if (!hasCount(stated)) counts.uncounted = true;
  return counts;
}

function hasCount(stated: StatedUsage): boolean {
  for (const count of USAGE_COUNTS) if (stated[count] !== undefined) return true;
  return false;
}

/** The names of all counts. */
export const USAGE_COUNTS = Object.freeze(Object.keys(NO_USAGE) as (keyof Usage)[]);

/** `known` updated by the later report; counts undefined in that keep their value. */
export function mergeUsage(known: Usage, later: Partial<Usage>): Usage {
  // Field by field: copying and looping over names takes ten times as long, and this runs for each answer and event with counts.
  return {
    inputTokens: later.inputTokens ?? known.inputTokens,
    outputTokens: later.outputTokens ?? known.outputTokens,
    cacheReadTokens: later.cacheReadTokens ?? known.cacheReadTokens,
    cacheWriteTokens: later.cacheWriteTokens ?? known.cacheWriteTokens,
    cacheWrite1hTokens: later.cacheWrite1hTokens ?? known.cacheWrite1hTokens,
    reasoningTokens: later.reasoningTokens ?? known.reasoningTokens,
    webSearches: later.webSearches ?? known.webSearches,
    audioInputTokens: later.audioInputTokens ?? known.audioInputTokens,
    audioOutputTokens: later.audioOutputTokens ?? known.audioOutputTokens,
  };
}

/** Everything the model read: fresh, cached and cache-written tokens (what OpenAI calls prompt tokens). */
export function totalInputTokens(usage: Usage): number {
  return usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
}

/** What two answers state together. */
export function addStated(one: StatedUsage, other: StatedUsage): StatedUsage {
  const sum: StatedUsage = addUsage(mergeUsage(NO_USAGE, one), mergeUsage(NO_USAGE, other));
  const parts = { ...one.pricedApart };
  for (const [name, count] of Object.entries(other.pricedApart ?? {}) as [SummedPart, number][])
    parts[name] = (parts[name] ?? 0) + count;
  if (Object.keys(parts).length > 0) sum.pricedApart = parts;
  if (one.otherCharges === true || other.otherCharges === true) sum.otherCharges = true;
  if (one.oddCounts === true || other.oddCounts === true) sum.oddCounts = true;
  return sum;
}

type SummedPart = Exclude<keyof PricedParts, 'onlyImages'>;

/** The sum of both. */
export function addUsage(one: Usage, other: Usage): Usage {
  const sum = { ...one };
  for (const key of USAGE_COUNTS) sum[key] += other[key];
  return sum;
}
