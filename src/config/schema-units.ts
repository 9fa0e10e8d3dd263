// Durations and sizes as the schema takes them: written with a unit, kept as milliseconds and bytes.
import { z } from 'zod';
import { DURATION_PATTERN, parseDuration } from '../model/duration.ts';
import { parseSize, SIZE_PATTERN } from './units.ts';

/** Longest delay that a timer accepts; beyond 2^31 - 1 ms it would fire at once. */
const LONGEST_TIMER_MS = 24 * 86_400_000;

const EXPECTED_DURATION = 'expected a duration such as 500ms, 10s, 2m, 1h30m or 30d';
const EXPECTED_SIZE = 'expected a size such as 512KB, 64MB or 1GB';

/** A time that a timer will measure, at least `minimum` ms. */
export function timer(minimum = 1) {
  return z
    .string({ error: EXPECTED_DURATION })
    .regex(DURATION_PATTERN, { error: EXPECTED_DURATION })
    .transform((text) => parseDuration(text) ?? Number.NaN)
    .refine((value) => value >= minimum && value <= LONGEST_TIMER_MS, {
      error: `expected a duration between ${minimum}ms and 24d`,
    })
    .meta({ title: 'duration' });
}

export function period() {
  return z
    .string({ error: `${EXPECTED_DURATION}, or null` })
    .regex(DURATION_PATTERN, { error: `${EXPECTED_DURATION}, or null` })
    .transform((text) => parseDuration(text) ?? Number.NaN)
    .refine((value) => value > 0, { error: 'expected a duration above zero' })
    .meta({ title: 'duration' });
}

export function size() {
  return z
    .string({ error: EXPECTED_SIZE })
    .regex(SIZE_PATTERN, { error: EXPECTED_SIZE })
    .transform((text) => parseSize(text) ?? Number.NaN)
    .refine((value) => value > 0, { error: EXPECTED_SIZE })
    .meta({ title: 'size' });
}
