// The price that some OpenAI-compatible servers state beside the counts.
import { asObject, type JsonObject } from '../../model/json/json.ts';
import { countIn, type StatedUsage } from '../../model/usage.ts';

/** xAI's unit: a ten-thousandth of a millionth of a dollar. */
const TICK_USD = 1e-10;

/**
 * OpenRouter states its own price; if the user's own vendor key served, the vendor's price is added. xAI states ticks, which include its
 * searches and other tools.
 */
export function billIn(usage: JsonObject): Pick<StatedUsage, 'billedUsd'> {
  const ticks = countIn(usage.cost_in_usd_ticks);
  if (ticks !== undefined) return { billedUsd: ticks * TICK_USD };
  const own = countIn(usage.cost);
  if (own === undefined) return {};
  const vendors = usage.is_byok === true ? countIn(asObject(usage.cost_details)?.upstream_inference_cost) : 0;
  return vendors === undefined ? {} : { billedUsd: own + vendors };
}
