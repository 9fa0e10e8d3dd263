// Stop sequences: clients give one or several, and providers accept a limited number.
import { asArray, type JsonValue } from '../../../model/json/json.ts';
import type { LossReport } from '../losses/loss-report.ts';
import { invalid, nameType } from '../read-field.ts';

/** Throws `invalid_request` for anything but a text or a list of texts. */
export function parseStop(stop: JsonValue | undefined, path: string): string[] {
  if (stop === undefined || stop === null) return [];
  if (typeof stop === 'string') return [stop];
  const sequences = asArray(stop);
  if (sequences === undefined) throw invalid(path, `must be a string or an array, not ${nameType(stop)}`);
  return sequences.map((sequence, index) => {
    if (typeof sequence === 'string') return sequence;
    throw invalid(`${path}[${index}]`, `must be a string, not ${nameType(sequence)}`);
  });
}

/** The first `most` that are not empty, since empty ones stop nothing and are refused; undefined if none remain. */
export function firstStops(
  asked: readonly string[] | undefined,
  most: number,
  losses: LossReport,
): string[] | undefined {
  const stops = (asked ?? []).filter((stop) => stop !== '');
  if (stops.length > most)
    losses.approximated('stop', `only the first ${most} of ${stops.length} stop sequences are sent`);
  return stops.length === 0 ? undefined : stops.slice(0, most);
}
