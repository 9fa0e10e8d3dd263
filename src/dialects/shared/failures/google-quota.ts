// Whether an error of Google's servers names a quota that a short wait does not restore.
// https://ai.google.dev/gemini-api/docs/rate-limits
import { asArray, asObject, asString, type JsonObject } from '../../../model/json/json.ts';

/** Matches `GenerateRequestsPerDayPerProjectPerModel-FreeTier` and the like. */
const OF_A_DAY = /PerDay|Daily/;
/** A quota of zero, for instance for a model that the free tier does not include. */
const NO_QUOTA = /\blimit: 0(?![\d.])/;

/**
 * Whether a daily quota is used up, or the quota is zero. Days end at midnight in California; a `RetryInfo` in the same error is computed
 * as if the quota were one per minute, and Google's own clients ignore it.
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
