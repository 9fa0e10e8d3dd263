// What a server that speaks as OpenAI does states of its own bill, beside the counts.
import { asObject, type JsonObject } from '../../model/json/json.ts';
import { countIn, type StatedUsage } from '../../model/usage.ts';

/** xAI's: a ten-thousandth of a millionth of a dollar. */
const TICK_USD = 1e-10;

/**
 * OpenRouter tells what it bills, and with a key of the user's at the vendor that of the vendor comes to it; xAI counts in
 * ticks, searches and other tools of its own included.
 */
export function billIn(usage: JsonObject): Pick<StatedUsage, 'billedUsd'> {
  const ticks = countIn(usage.cost_in_usd_ticks);
  if (ticks !== undefined) return { billedUsd: ticks * TICK_USD };
  const own = countIn(usage.cost);
  if (own === undefined) return {};
  const vendors = usage.is_byok === true ? countIn(asObject(usage.cost_details)?.upstream_inference_cost) : 0;
  return vendors === undefined ? {} : { billedUsd: own + vendors };
}
