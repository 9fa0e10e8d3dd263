// MiniMax's own form of a failure: `base_resp: {status_code, status_msg}`, usually with HTTP 200, beside an answer or in place of one, in
// each of the dialects that its servers speak. https://platform.minimax.io/docs/api-reference/errorcode
import { asNumber, asObject, asString, type JsonObject } from '../../../model/json/json.ts';
import { table } from '../../../model/table.ts';
import type { VendorError } from '../../quirks.ts';

const UNAUTHORIZED: VendorError = { code: 'upstream_unauthorized' };
const RATE_LIMITED: VendorError = { code: 'upstream_rate_limited' };
const USED_UP: VendorError = { code: 'upstream_rate_limited', exhausted: true };
const REJECTED: VendorError = { code: 'upstream_rejected', status: 400 };

/** All other codes (1000, 1001, 1013, 1024, 1033 …) are failures of the server, which may pass. */
const MEANING: Readonly<Record<string, VendorError>> = table({
  '1002': RATE_LIMITED,
  '1004': UNAUTHORIZED,
  // With 402, no client takes an empty account for a temporary rate limit.
  '1008': { code: 'upstream_unauthorized', status: 402, exhausted: true },
  // Content policy, for input and output.
  '1026': REJECTED,
  '1027': REJECTED,
  // The allowance of five hours, a week or the plan is used up.
  '1028': USED_UP,
  '1030': USED_UP,
  // Tokens per minute, concurrent connections, and a rate that grows too fast.
  '1039': RATE_LIMITED,
  '1041': RATE_LIMITED,
  '1042': REJECTED,
  '2013': REJECTED,
  '2045': RATE_LIMITED,
  '2049': UNAUTHORIZED,
  '2056': USED_UP,
  // A model that the plan does not include.
  '2061': { code: 'upstream_unauthorized', status: 403 },
});

interface BaseResp {
  code: string;
  message: string;
  /** Undefined if the code only says that the request failed. */
  meaning: VendorError | undefined;
}

/** Undefined if the body reports no failure: code 0 is success. */
export function baseRespIn(body: JsonObject): BaseResp | undefined {
  const { base_resp: reported } = body;
  if (reported === undefined) return undefined;
  const base = asObject(reported);
  const code = asNumber(base?.status_code) ?? 0;
  if (code === 0) return undefined;
  return { code: String(code), message: asString(base?.status_msg) ?? '', meaning: MEANING[String(code)] };
}
