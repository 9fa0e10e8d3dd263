// Whether an error of Google's servers names a quota that a short wait does not restore.
// https://ai.google.dev/gemini-api/docs/rate-limits
import { asArray, asObject, asString, type JsonObject } from '../../../model/json/json.ts';

/** `GenerateRequestsPerDayPerProjectPerModel-FreeTier` and its like. */
const OF_A_DAY = /PerDay|Daily/;
/** A quota of zero, such as the free tier's for a model that has no free tier. */
const NO_QUOTA = /\blimit: 0(?![\d.])/;

/**
 * Whether a daily quota is used up, or the quota is zero. Days end at midnight in California; a `RetryInfo` beside it
 * is computed as for a quota per minute, and Google's own clients ignore it.
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
