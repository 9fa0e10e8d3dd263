// What an error of Google's servers says of a quota that no moment's wait brings back.
// https://ai.google.dev/gemini-api/docs/rate-limits
import { asArray, asObject, asString, type JsonObject } from './json/json.ts';

/** `GenerateRequestsPerDayPerProjectPerModel-FreeTier` and its like. */
const OF_A_DAY = /PerDay|Daily/;
/** A quota of which there is nothing at all, as the free tier's of a model that has none. */
const NO_QUOTA = /\blimit: 0(?![\d.])/;

/**
 * Whether a quota of a day is used up, or there is none. Days end at midnight in California; a `RetryInfo` beside it
 * counts as if it were a quota of a minute, and Google's own clients do not heed it.
 * @param error the `google.rpc.Status` under `error`.
 */
export function isDailyQuota(error: JsonObject): boolean {
  if (NO_QUOTA.test(asString(error.message) ?? '')) return true;
  for (const each of asArray(error.details) ?? []) {
    const detail = asObject(each);
    const type = asString(detail?.['@type']) ?? '';
    if (type.endsWith('ErrorInfo') && OF_A_DAY.test(asString(asObject(detail?.metadata)?.quota_limit) ?? ''))
      return true;
    if (!type.endsWith('QuotaFailure')) continue;
    for (const violation of asArray(detail?.violations) ?? [])
      if (OF_A_DAY.test(asString(asObject(violation)?.quotaId) ?? '')) return true;
  }
  return false;
}
