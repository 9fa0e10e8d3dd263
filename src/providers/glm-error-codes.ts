// What GLM's error codes mean. The code decides rather than the status: a 429 also means an empty account.
// https://docs.z.ai/api-reference/api-code
import type { VendorError } from '../dialects/quirks.ts';
import { table } from '../model/table.ts';

// With 402 no client mistakes an empty account for a rate limit that will pass.
const NO_BALANCE: VendorError = { code: 'upstream_unauthorized', status: 402, exhausted: true };
const UNAUTHORIZED: VendorError = { code: 'upstream_unauthorized' };
const RATE_LIMITED: VendorError = { code: 'upstream_rate_limited' };
const USED_UP: VendorError = { code: 'upstream_rate_limited', exhausted: true };

export const GLM_ERROR_CODES: Readonly<Record<string, VendorError>> = table({
  '1000': UNAUTHORIZED,
  '1001': UNAUTHORIZED,
  '1002': UNAUTHORIZED,
  '1003': UNAUTHORIZED,
  '1004': UNAUTHORIZED,
  '1113': NO_BALANCE,
  // The model is unknown.
  '1211': { code: 'upstream_rejected', status: 404 },
  '1261': { code: 'context_too_long' },
  // The content violates a policy.
  '1301': { code: 'upstream_rejected', status: 400 },
  '1302': RATE_LIMITED,
  '1303': RATE_LIMITED,
  '1305': RATE_LIMITED,
  // The quota of a day, five hours, a week or a month is used up: another target may help, a short wait will not.
  '1304': USED_UP,
  '1308': USED_UP,
  '1310': USED_UP,
  '1312': { code: 'upstream_overloaded' },
});
