// What images, speech, transcriptions and the like are billed by, as stated in their answers. https://developers.openai.com/api/reference
import { asObject, type JsonObject } from '../../model/json/json.ts';
import { CountReader, countIn, type PricedParts, type StatedUsage } from '../../model/usage.ts';
import { billIn } from './stated-bill.ts';

/** Undefined where nothing is stated. */
export function imagesBill({ usage: stated }: JsonObject): StatedUsage | undefined {
  const usage = asObject(stated) ?? {};
  const counts = readCounts(usage);
  if (counts === undefined) return undefined;
  const { image: imageInputTokens = 0, cached } = counts;
  const { outputTokens = 0 } = counts.stated;
  const made = countIn(asObject(usage.output_tokens_details)?.image_tokens) ?? outputTokens;
  const pricedApart: PricedParts = { imageInputTokens, imageOutputTokens: made };
  if (made === outputTokens) pricedApart.onlyImages = true;
  // It is not said which of them came from the cache, and their prices differ.
  const isMixed = cached > 0 && imageInputTokens > 0;
  return { ...counts.stated, pricedApart, ...(isMixed && { otherCharges: true }) };
}

/** Text is cheaper than audio, so the price is unknown if the input is not split into both. */
export function transcriptionBill(answer: JsonObject): StatedUsage | undefined {
  const usage = asObject(answer.usage) ?? {};
  const counts = readCounts(usage);
  const audioSeconds = secondsIn(usage, answer);
  // What is billed by its length is not also billed by its tokens.
  if (audioSeconds !== undefined && counts?.audio === undefined)
    return { ...counts?.stated, pricedApart: { audioSeconds } };
  if (counts === undefined) return undefined;
  const { audio, stated } = counts;
  return audio === undefined ? { ...stated, otherCharges: true } : { ...stated, audioInputTokens: audio };
}

/** As OpenAI or Mistral state them; else the duration that an answer in `verbose_json` has, such as Groq's. */
function secondsIn(usage: JsonObject, { usage: stated, duration }: JsonObject): number | undefined {
  if (usage.type === 'duration') return countIn(usage.seconds);
  return countIn(usage.prompt_audio_seconds) ?? (stated === undefined ? countIn(duration) : undefined);
}

/** Mistral's OCR. Annotated pages have a price of their own, which includes that of reading them. */
export function pagesBill(answer: JsonObject): StatedUsage | undefined {
  const info = asObject(answer.usage_info) ?? {};
  const documentPages = countIn(info.pages_processed);
  if (documentPages === undefined) return plainBill(answer);
  const annotatedPages = countIn(info.pages_processed_annotation) ?? 0;
  return { pricedApart: { documentPages, ...(annotatedPages > 0 && { annotatedPages }) } };
}

/** Only input is billed, at a price of its own: https://developers.openai.com/api/docs/guides/decisions */
export function decisionsBill(answer: JsonObject): StatedUsage | undefined {
  const stated = plainBill(answer);
  return stated && { ...stated, otherCharges: true };
}

export function plainBill({ usage }: JsonObject): StatedUsage | undefined {
  return readCounts(asObject(usage) ?? {})?.stated;
}

interface Counts {
  stated: StatedUsage;
  audio: number | undefined;
  image: number | undefined;
  cached: number;
}

function readCounts(usage: JsonObject): Counts | undefined {
  const reader = new CountReader();
  const output = reader.read(usage.output_tokens ?? usage.completion_tokens);
  // Answers of rerankers state a single count.
  const input = reader.read(usage.input_tokens ?? usage.prompt_tokens ?? usage.total_tokens);
  const bill = billIn(usage);
  if (input === undefined && output === undefined && bill.billedUsd === undefined) return undefined;
  const details = asObject(usage.input_tokens_details ?? usage.input_token_details) ?? {};
  const cached = Math.min(reader.read(details.cached_tokens) ?? 0, input ?? 0);
  const stated = reader.stated({
    ...(input !== undefined && { inputTokens: input - cached }),
    ...(output !== undefined && { outputTokens: output }),
    ...(cached > 0 && { cacheReadTokens: cached }),
  });
  return {
    stated: { ...stated, ...bill },
    audio: reader.read(details.audio_tokens),
    image: reader.read(details.image_tokens),
    cached,
  };
}
