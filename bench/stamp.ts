// The time an event was sent, in its own text: any reader can compute its delay, through any dialect.
import { sharedNow } from './shared-clock.ts';

const MARK = 64;
const ZERO = 48;
/** Microseconds of the shared clock: enough for a hundred days. */
const DIGITS = 13;

/** What an event's text must end with, to have room for a time. */
export const STAMP = String.fromCharCode(MARK) + '0'.repeat(DIGITS);

/** Where the digits of the only stamp in these bytes begin. */
export function findStamp(bytes: Buffer): number {
  const at = bytes.indexOf(STAMP);
  if (at === -1) throw new Error('there is no room for a stamp');
  return at + 1;
}

export function writeStamp(bytes: Buffer, at: number): void {
  let rest = Math.floor(sharedNow());
  for (let digit = at + DIGITS - 1; digit >= at; digit--) {
    const higher = Math.floor(rest / 10);
    bytes[digit] = ZERO + rest - higher * 10;
    rest = higher;
  }
}

/** Calls back with each stamp's delay in microseconds; stamps split over two reads are left out. */
export function readStamps(bytes: Buffer, each: (microseconds: number) => void): void {
  let now: number | undefined;
  for (let at = bytes.indexOf(MARK); at !== -1; at = bytes.indexOf(MARK, at + 1)) {
    if (at + DIGITS >= bytes.length) return;
    let sent = 0;
    for (let digit = at + 1; digit <= at + DIGITS; digit++) sent = sent * 10 + (bytes[digit] ?? 0) - ZERO;
    now ??= sharedNow();
    each(now - sent);
  }
}
