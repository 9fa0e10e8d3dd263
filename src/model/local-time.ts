// Times for people to read: as on this machine's clock, but unambiguous.

/** ISO 8601 with the zone's offset from UTC (`2026-01-02T04:04:05.678+01:00`), or `Z` if that is zero. */
export function localTime(time: number | Date): string {
  const at = new Date(time);
  const ahead = -at.getTimezoneOffset();
  if (ahead === 0) return at.toISOString();
  const wall = new Date(at.getTime() + ahead * 60_000).toISOString().slice(0, -1);
  const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60];
  return `${wall}${ahead < 0 ? '-' : '+'}${twoDigits(hours)}:${twoDigits(minutes)}`;
}

const twoDigits = (count: number): string => String(count).padStart(2, '0');
