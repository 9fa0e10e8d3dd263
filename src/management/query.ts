// Reads query parameters. An invalid one is a 400 that names the parameter and the remedy.
import { suggestion } from '../model/nearest.ts';
import { parseDuration } from '../model/duration.ts';
import { ManagementError } from './answer.ts';

export function badParameter(param: string, problem: string): ManagementError {
  return new ManagementError(400, 'invalid_request', `${param}: ${problem}`, { param });
}

/** Throws for a parameter that is not among the known ones. */
export function refuseUnknown(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (known.includes(name)) continue;
    const there = known.length === 0 ? 'this page takes none' : `there are ${known.join(', ')}`;
    throw badParameter(name, `no such parameter${suggestion(name, known)}; ${there}`);
  }
}

/** The text of a parameter, undefined where it is absent. A repeated or empty one is refused. */
export function readText(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) throw badParameter(name, 'is given more than once');
  const [value] = values;
  if (value === '') throw badParameter(name, 'is empty; leave it out');
  return value;
}

/** Reads a switch: a parameter without a value means true. */
export function readFlag(query: URLSearchParams, name: string): boolean | undefined {
  const values = query.getAll(name);
  return values.length === 1 && values[0] === '' ? true : readBoolean(query, name);
}

/** Ignores the case: Python clients write `True`. */
export function readBoolean(query: URLSearchParams, name: string): boolean | undefined {
  switch (readText(query, name)?.toLowerCase()) {
    case undefined:
      return undefined;
    case 'true':
    case '1':
      return true;
    case 'false':
    case '0':
      return false;
    default:
      throw badParameter(name, 'must be true or false');
  }
}

export function readInteger(
  query: URLSearchParams,
  name: string,
  bounds: { max: number },
): number | undefined {
  const text = readText(query, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= bounds.max)) throw badParameter(name, `must be a whole number from 0 to ${bounds.max}`);
  return value;
}

export function readChoice<T extends string>(
  query: URLSearchParams,
  name: string,
  choices: readonly T[],
): T | undefined {
  const text = readText(query, name);
  if (text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw badParameter(name, `must be one of ${choices.join(', ')}`);
  return choice;
}

/** The start of a window: a time, or how long ago it was, such as `15m`, `1h30m` or `7d`. */
export function readSince(query: URLSearchParams, name: string, now: number): number | undefined {
  const text = readText(query, name);
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  const since = ago === undefined ? parseTime(text) : now - ago;
  if (!Number.isFinite(since) || since < 0) {
    throw badParameter(
      name,
      'must be a duration such as 15m, 1h30m or 7d, or a time in ISO-8601 or Unix seconds',
    );
  }
  if (since >= now) throw badParameter(name, 'must be in the past');
  return since;
}

const ISO_8601 = /^(\d{4}-\d\d-\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?(?:Z|[+-]\d\d:?\d\d)?$/i;
/** Smaller numbers are seconds (up to the year 5138), the others milliseconds (from 1973 on). */
const SECONDS_BELOW = 1e11;

/** A time in Unix ms, from ISO-8601 (UTC where no zone is given) or Unix seconds or milliseconds. */
export function readTime(query: URLSearchParams, name: string): number | undefined {
  const text = readText(query, name);
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (!Number.isFinite(time)) {
    throw badParameter(name, 'must be a time in ISO-8601, e.g. 2026-01-31T12:00:00Z, or in Unix seconds');
  }
  return time;
}

function parseTime(given: string): number {
  if (/^\d{1,15}(?:\.\d+)?$/.test(given)) {
    const number = Number(given);
    return Math.round(number < SECONDS_BELOW ? number * 1000 : number);
  }
  // A `+` that was not URL-encoded arrives as a space.
  const text = given.trim().replace(/ (?=\d\d:?\d\d$)(?<=:\d\d.*)/, '+');
  const [, day] = ISO_8601.exec(text) ?? [];
  if (day === undefined || !isDay(day)) return Number.NaN;
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text.slice(10)) || text.length === 10;
  return Date.parse(zoned ? text : `${text}Z`);
}

/** Whether the day exists: `Date` takes the 30th of February for the 2nd of March. */
function isDay(day: string): boolean {
  const midnight = Date.parse(day);
  return Number.isFinite(midnight) && new Date(midnight).toISOString().startsWith(day);
}
