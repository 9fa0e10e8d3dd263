// Finds the name that was probably meant.

/** How many letters a beginning needs to count as a match. */
const MIN_BEGINNING = 4;

/**
 * The candidate within a few typing errors of `name`, else the only one that begins with `name` or with which `name` begins; undefined if
 * none is close.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const names = [...candidates];
  return closest(name, names) ?? sameBeginning(name, names);
}

/** `fallback` is the beginning of `fallback_chain`; `retention_days` begins with `retention`. */
function sameBeginning(name: string, candidates: readonly string[]): string | undefined {
  const folded = fold(name);
  const found = candidates.filter((candidate) => {
    const other = fold(candidate);
    const shorter = Math.min(folded.length, other.length);
    return shorter >= MIN_BEGINNING && folded.slice(0, shorter) === other.slice(0, shorter);
  });
  return found.length === 1 ? found[0] : undefined;
}

/** The candidate within a few typing errors of `name`. */
export function closest(name: string, candidates: readonly string[]): string | undefined {
  // A third of the letters may be wrong: `default_provder` is a typing error, `cache` for `costs` is another word.
  let limit = Math.max(1, Math.floor(name.length / 3));
  let nearest: string | undefined;
  const folded = fold(name);
  for (const candidate of candidates) {
    const other = fold(candidate);
    // The difference in length is a lower bound, which limits the work for long names.
    if (Math.abs(folded.length - other.length) > limit) continue;
    const distance = editDistance(folded, other);
    if (distance > limit || (distance === limit && nearest !== undefined)) continue;
    nearest = candidate;
    limit = distance;
  }
  return nearest;
}

/** ` (did you mean "x"?)`, or nothing. */
export function suggestion(name: string, candidates: Iterable<string>): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? '' : ` (did you mean "${nearest}"?)`;
}

/** `maxBody` and `max-body` are both `max_body`. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours, each counting one. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
