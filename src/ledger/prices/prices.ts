// What an answer costs: by the operator's overrides, or else by the price table; if neither has a price, it is unknown.
import type { ModelPrice, Provider, Usage as PricedUsage } from '@pydantic/genai-prices';
import type { CostsConfig, PriceOverride, ProviderConfig, ProviderPricing } from '../../config/resolved.ts';
import { compileGlob } from '../../model/glob.ts';
import { type PricedParts, totalInputTokens, type Usage } from '../../model/usage.ts';
import { priceLibrary } from './library.ts';
import { priceByOverride } from './override.ts';
import { createRateSum, type RateSum } from './rates.ts';
import { findAmong, findPrices } from './table.ts';

/**
 * USD for what `model` of `provider` used, null where the price is unknown. `at` is the time of the request in Unix ms
 * (prices change over time and by the hour); if omitted, the table uses the present. `stated`: what the answer states
 * about its price; an operator's own prices override it.
 */
export type Pricer = (
  provider: ProviderConfig,
  model: string,
  usage: Usage,
  at?: number,
  stated?: StatedPrice,
) => number | null;

/** What an answer states about its price; null where it states nothing. */
interface StatedPrice {
  tier: string | null;
  billedUsd: number | null;
  pricedApart?: PricedParts | null;
  /** Whether something was billed whose price is unknown. */
  otherCharges?: boolean;
}

/** What is known of one model; if both are null, it is unpriced. */
interface Known {
  priceId: string | null;
  override: PriceOverride | null;
  table: Provider | null;
  /** A fast path to what the table would compute. */
  rates: RateSum | undefined;
}

/** For each provider. Clients choose model names: when this many are remembered, all are forgotten. */
const MAX_REMEMBERED = 2000;

/**
 * An override with the exact name takes precedence over patterns, of which the first that matches `provider/model` is used; `*` matches
 * anything. The pricer may be called once `loadPrices` (library.ts) has resolved.
 */
export function createPricer(costs: CostsConfig): Pricer {
  const overrides = costs.pricingOverrides.map(({ pattern, price }) => ({
    pattern,
    fits: compileGlob(pattern),
    price,
  }));
  /** By the provider's name, then by model. */
  const remembered = new Map<string, Map<string, Known>>();

  const rememberedOf = ({ name }: ProviderConfig): Map<string, Known> => {
    let known = remembered.get(name);
    if (known === undefined) {
      known = new Map();
      remembered.set(name, known);
    }
    return known;
  };

  const lookUp = (provider: ProviderConfig, model: string): Known => {
    const ofProvider = rememberedOf(provider);
    const found = ofProvider.get(model);
    // After a reload, the same name may belong to another kind of provider.
    if (found !== undefined && found.priceId === provider.priceId) return found;
    const target = `${provider.name}/${model}`;
    const exact = overrides.find(({ pattern }) => pattern === target);
    const override = (exact ?? overrides.find(({ fits }) => fits(target)))?.price ?? null;
    const table = override === null ? tableOf(provider, model) : null;
    const rates =
      table === null
        ? undefined
        : createRateSum(table, (usage) => priceByTable(table, model, usage, provider.audioAtTextPrice));
    const known = { priceId: provider.priceId, override, table, rates };
    if (ofProvider.size >= MAX_REMEMBERED) ofProvider.clear();
    ofProvider.set(model, known);
    return known;
  };

  return (provider, model, usage, at, stated) => {
    const { override, table, rates } = lookUp(provider, model);
    const { tier = null, billedUsd = null, pricedApart = null, otherCharges = false } = stated ?? {};
    // An operator's prices are per token.
    if (override !== null) return isByLength(pricedApart) ? null : priceByOverride(override, usage);
    if (provider.billsItself && billedUsd !== null) return billedUsd;
    if (table === null || otherCharges) return null;
    if (provider.searchesUnpriced && usage.webSearches > 0) return null;
    const { audioAtTextPrice, leastAudioSeconds } = provider;
    const parts = pricedApart && billedParts(pricedApart, leastAudioSeconds);
    const price = (counted: Usage, pieces = parts) =>
      (pieces === null ? rates?.(counted) : undefined) ??
      priceByTable(table, model, counted, audioAtTextPrice, timeOfPrice(provider, at), pieces);
    const part = partOf(provider, model, tier);
    return part === 1 ? price(usage) : priceInTier(price, usage, part, parts);
  };
}

/** Whether the vendor bills a duration or the like, and not tokens. */
function isByLength(parts: PricedParts | null): boolean {
  return (parts?.audioSeconds ?? 0) > 0 || (parts?.documentPages ?? 0) > 0;
}

/** @param leastAudioSeconds how long shorter audio counts. */
function billedParts(parts: PricedParts, leastAudioSeconds: number): PricedParts {
  const { audioSeconds = 0 } = parts;
  return audioSeconds > 0 && audioSeconds < leastAudioSeconds
    ? { ...parts, audioSeconds: leastAudioSeconds }
    : parts;
}

/** The library also falls back to the prices of a model's maker, which are only right for its resellers. */
function tableOf(provider: ProviderPricing, model: string): Provider | null {
  const { priceId, resells, newerPrices, wrongPrices } = provider;
  if (priceId === null) return null;
  const known = wrongPrices?.test(model) === true ? null : findPrices(priceId, model);
  const found = known ?? findAmong(newerPrices, priceId, model);
  return found && (found.id === priceId || resells.includes(found.id)) ? found : null;
}

const HOUR_MS = 3_600_000;

/** The time whose price in the table applies: on weekends it may be that of a certain hour. */
function timeOfPrice({ weekends }: ProviderPricing, at: number | undefined): number | undefined {
  if (at === undefined || weekends === null) return at;
  const day = new Date(at + weekends.hoursAhead * HOUR_MS).getUTCDay();
  return day === 0 || day === 6 ? new Date(at).setUTCHours(weekends.likeHour, 0) : at;
}

/** The factor on the usual price of tokens; null where it is unknown. */
function partOf({ tiers, dearer }: ProviderPricing, model: string, tier: string | null): number | null {
  const listed = tier !== null && Object.hasOwn(tiers, tier) ? (tiers[tier] ?? null) : 1;
  const ofModel = typeof listed === 'object' && listed?.models.test(model) === true ? listed.times : null;
  const part = typeof listed === 'number' ? listed : ofModel;
  if (part === null || !dearer?.models.test(model)) return part;
  return dearer.times === null ? null : part * dearer.times;
}

/** The factor applies to tokens only, not to what is billed per piece. */
function priceInTier(
  price: (usage: Usage, pricedApart?: PricedParts | null) => number | null,
  usage: Usage,
  part: number | null,
  pricedApart: PricedParts | null,
): number | null {
  const all = price(usage);
  const tokens = price({ ...usage, webSearches: 0 }, pricedApart && { ...pricedApart, fileSearches: 0 });
  return part === null || all === null || tokens === null ? null : all - tokens * (1 - part);
}

function priceByTable(
  table: Provider,
  model: string,
  usage: Usage,
  audioAtTextPrice: boolean,
  at?: number,
  pricedApart: PricedParts | null = null,
): number | null {
  const { calcPrice } = priceLibrary();
  try {
    const options = at === undefined ? { provider: table } : { provider: table, timestamp: new Date(at) };
    const result = calcPrice(pricedUsage(usage, pricedApart ?? {}), model, options);
    if (result === null || lacksPrice(result.model_price, usage, audioAtTextPrice, pricedApart ?? {}))
      return null;
    return Number.isFinite(result.total_price) ? result.total_price : null;
  } catch {
    // The library throws on counts that contradict each other, such as more cached tokens than input.
    return null;
  }
}

/** Whether something was counted that has no price. The library would take it to be free, but it is unpriced. */
function lacksPrice(
  prices: ModelPrice,
  usage: Usage,
  audioAtTextPrice: boolean,
  pricedApart: PricedParts,
): boolean {
  // A model sold by the hour or the image has no token price.
  const { audioSeconds = 0, documentPages = 0, annotatedPages = 0 } = pricedApart;
  const isByItsLength =
    (audioSeconds > 0 && prices.audio_hours !== undefined) ||
    (documentPages > 0 && prices.input_document_kpages !== undefined);
  if (isByLength(pricedApart) !== isByItsLength) return true;
  if (annotatedPages > 0 && prices.input_annotated_document_kpages === undefined) return true;
  if (totalInputTokens(usage) > 0 && prices.input_mtok === undefined && !isByItsLength) return true;
  if (usage.outputTokens > 0 && prices.output_mtok === undefined && !isByItsLength) return true;
  // Without a price for them, the library leaves out searches, and bills one-hour cache writes like any others.
  if (usage.webSearches > 0 && prices.web_searches_kcount === undefined) return true;
  const {
    fileSearches = 0,
    imageOutputTokens = 0,
    imageInputTokens = 0,
    videoOutputTokens = 0,
  } = pricedApart;
  if (fileSearches > 0 && prices.storage_searches_kcount === undefined) return true;
  // The library also bills what is not text at the price of text.
  if (imageOutputTokens > 0 && prices.output_image_mtok === undefined && pricedApart.onlyImages !== true)
    return true;
  if (imageInputTokens > 0 && prices.input_image_mtok === undefined) return true;
  if (videoOutputTokens > 0 && prices.output_video_mtok === undefined) return true;
  if (usage.audioInputTokens > 0 && prices.input_audio_mtok === undefined && !audioAtTextPrice) return true;
  if (usage.audioOutputTokens > 0 && prices.output_audio_mtok === undefined) {
    // If a model's output is only speech, its one price is that of speech.
    if (!audioAtTextPrice || usage.audioOutputTokens < usage.outputTokens) return true;
  }
  return usage.cacheWrite1hTokens > 0 && prices.cache_write_1h_mtok === undefined;
}

/** The library's `input_tokens` is all input, caches included; the other counts are parts of it. */
function pricedUsage(usage: Usage, pricedApart: PricedParts): PricedUsage {
  const priced: PricedUsage = {
    input_tokens: totalInputTokens(usage),
    output_tokens: usage.outputTokens,
    cache_read_tokens: usage.cacheReadTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    cache_write_1h_tokens: usage.cacheWrite1hTokens,
    output_reasoning_tokens: usage.reasoningTokens,
    web_searches: usage.webSearches,
  };
  const {
    cachedAudioTokens = 0,
    imageOutputTokens = 0,
    videoOutputTokens = 0,
    fileSearches = 0,
    imageInputTokens = 0,
    audioSeconds = 0,
    documentPages = 0,
    annotatedPages = 0,
  } = pricedApart;
  if (imageInputTokens > 0) {
    priced.input_image_tokens = imageInputTokens;
    priced.cache_image_read_tokens = 0;
  }
  if (audioSeconds > 0) priced.audio_seconds = audioSeconds;
  if (documentPages > 0) priced.input_document_pages = documentPages;
  if (annotatedPages > 0) priced.input_annotated_document_pages = annotatedPages;
  if (imageOutputTokens > 0) priced.output_image_tokens = imageOutputTokens;
  if (videoOutputTokens > 0) priced.output_video_tokens = videoOutputTokens;
  if (fileSearches > 0) priced.storage_searches = fileSearches;
  if (usage.audioInputTokens > 0) {
    priced.input_audio_tokens = usage.audioInputTokens;
    // Only Gemini reports how much audio was cached; the library requires the count.
    priced.cache_audio_read_tokens = cachedAudioTokens;
    priced.cache_audio_write_tokens = 0;
  }
  if (usage.audioOutputTokens > 0) {
    priced.output_audio_tokens = usage.audioOutputTokens;
    priced.output_audio_reasoning_tokens = 0;
  }
  return priced;
}
