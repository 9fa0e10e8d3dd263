// The series of /gateway/metrics: its steps, including those without a request.
import {
  NO_TOTALS,
  type SeriesPoint,
  type SeriesRequest,
  type SeriesStep,
  type SumWindow,
} from '../ledger/store.ts';
import { placeOf, timesOf } from '../ledger/sums/sum-spans.ts';
import { badParameter, readChoice } from './query.ts';

const STEPS: readonly SeriesStep[] = ['hour', 'day'];
/** Half a year of hours, eleven years of days. */
const MAX_STEPS = 4_000;

export type Steps = Omit<SeriesRequest, 'by' | 'project'>;

/** The steps from the one in which the window begins to the present one; undefined where none are asked for. */
export function readSteps(query: URLSearchParams, window: SumWindow, now: number): Steps | undefined {
  const step = readChoice(query, 'step', STEPS);
  if (step === undefined) return undefined;
  const oldest = timesOf(step, placeOf(step, now) - MAX_STEPS + 1).from;
  const { since } = window;
  if (step === 'hour' && since === null)
    throw badParameter('step', 'hours need a beginning; add since, e.g. since=7d');
  if (since !== null && since < oldest)
    throw badParameter(
      'step',
      `since is more than ${MAX_STEPS} ${step}s ago; ask for a later one${step === 'hour' ? ', or step=day' : ''}`,
    );
  return { step, from: Math.max(since ?? 0, oldest), until: now };
}

/** Adds a point of zeros for every step without requests. Where the window has no beginning, it starts with the first request. */
export function withoutGaps(
  points: readonly SeriesPoint[],
  { step, from, until }: Steps,
  isWhole: boolean,
): SeriesPoint[] {
  const known = new Map(points.map((point) => [placeOf(step, point.start), point]));
  const first = placeOf(step, isWhole ? (points[0]?.start ?? until) : from);
  const length = placeOf(step, until) - first + 1;
  return Array.from({ length }, (_, index) => {
    const place = first + index;
    return known.get(place) ?? { start: timesOf(step, place).from, totals: NO_TOTALS, by: {} };
  });
}
