// What DeepSeek takes for Flash since September 2026: the price table still has the Flash before.
import type { TablePrices, TimedPrices } from './kind.ts';

const OFF_PEAK = { input_mtok: 0.15, cache_read_mtok: 0.003, output_mtok: 0.6 };
const PEAK = { input_mtok: 0.3, cache_read_mtok: 0.006, output_mtok: 1.2 };

const FLASH: TimedPrices[] = [{ prices: OFF_PEAK }, peak('01:00', '04:00'), peak('06:00', '10:00')];

/** https://api-docs.deepseek.com/quick_start/pricing: the names of the Flash before are served and billed as Flash. */
export const DEEPSEEK_PRICES: Readonly<Record<string, TablePrices | TimedPrices[]>> = {
  'deepseek-flash': FLASH,
  'deepseek-v4-flash': FLASH,
  'deepseek-v4-flash-vision-exp': FLASH,
};

/** Hours of UTC. */
function peak(start: string, end: string): TimedPrices {
  return {
    constraint: { type: 'time_of_date', start_time: `${start}:00Z`, end_time: `${end}:00Z` },
    prices: PEAK,
  };
}
