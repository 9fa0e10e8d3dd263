// Kinds: combinations of the names that sums and filters use. Each combination is stored once, and rows and sums hold its
// number: both stay small, and any filter becomes a set of numbers. Clients may send any names: beyond a bound the sums
// no longer distinguish them, and the kind has `OTHER` in their place; the rows keep them. Projects that have keys are always told
// apart: those who hold one read their own figures.
import { kindNamesOf, type RowValues, type SqlValue } from './rows/row-columns.ts';
import { type RowStatus, UNCOUNTED } from './rows/row.ts';

/** In the order of `kindNamesOf`; '' means that there is no name. */
const NAMES = ['provider', 'model', 'agent', 'project', 'operation', 'status'] as const;
/** Names that clients choose. */
const FREE = ['model', 'agent', 'project'] as const;
export const KIND_COLUMNS = NAMES.join(', ');

/** Replaces names that the sums do not distinguish. */
export const OTHER = 'other';

/** What the sums add up. */
export const COUNTED = `operation NOT IN (${UNCOUNTED.map((operation) => `'${operation}'`).join(', ')})`;

export interface KindBounds {
  /** How many names of models, of agents and of projects are distinguished. */
  names: number;
  /** How many combinations are distinguished. */
  kinds: number;
}

/** More than any page shows, yet few enough to add up the sums of all at once. */
const BOUNDS: KindBounds = { names: 1000, kinds: 20_000 };

/**
 * The share of each bound that failed requests may use: most invented names never succeed, and failing costs nothing, so that
 * one client could use up all combinations.
 */
const UNPROVEN = 0.5;

function boundFor({ status }: Names, bound: number): number {
  const hasSucceeded = status === ('success' satisfies RowStatus);
  return hasSucceeded ? bound : bound * UNPROVEN;
}

type Names = Record<(typeof NAMES)[number], string>;

/** As the store keeps it. `id` is negative where `OTHER` replaces a name, so that an index can hold those rows alone. */
export interface Kind extends Names {
  id: number;
}

/** Selects the kinds that others have added. Parameters: `Kinds.learnt`. */
export const SELECT_OTHERS =
  `SELECT id, ${KIND_COLUMNS} FROM ledger_kind WHERE id > ? UNION ALL ` +
  `SELECT id, ${KIND_COLUMNS} FROM ledger_kind WHERE id < ?`;

/** The kinds of a store that are known so far. */
export interface Kinds {
  /** @param row in the store's form. */
  of(row: RowValues): Kind | undefined;
  /** For a row without a known kind, once all kinds of the store are known. `isNew`: the store must add the kind. */
  choose(row: RowValues): { kind: Kind; isNew: boolean };
  /** Parameters of `SELECT_OTHERS`. */
  learnt(): [highest: number, lowest: number];
  learn(kinds: readonly Kind[]): void;
  /** Forgets all, after a failed transaction: the numbers that it assigned are void. */
  forget(): void;
}

/** @param projects which are told apart however many names there are. */
export function createKinds(projects: readonly string[] = [], bounds: KindBounds = BOUNDS): Kinds {
  const keyed = new Set(projects);
  const kinds = new Map<string, Kind>();
  const distinguished = { model: new Set<string>(), agent: new Set<string>(), project: new Set<string>() };
  let lowest = 0;
  let highest = 0;

  const learn = (kind: Kind): void => {
    kinds.set(keyOf(NAMES.map((name) => kind[name])), kind);
    lowest = Math.min(lowest, kind.id);
    highest = Math.max(highest, kind.id);
    for (const free of FREE)
      if (kind[free] !== '' && kind[free] !== OTHER) distinguished[free].add(kind[free]);
  };

  const find = (names: Names): Kind | undefined => kinds.get(keyOf(NAMES.map((name) => names[name])));

  const isKeyed = (free: (typeof FREE)[number], names: Names): boolean =>
    free === 'project' && keyed.has(names.project);

  const mayDistinguish = (free: (typeof FREE)[number], names: Names): boolean => {
    if (isKeyed(free, names)) return true;
    return distinguished[free].has(names[free]) || distinguished[free].size < boundFor(names, bounds.names);
  };

  return {
    of: (row) => kinds.get(keyOf(kindNamesOf(row))),
    choose(row) {
      const own = namesOf(row);
      const names = hide(own, (free) => !mayDistinguish(free, own));
      const isFull = kinds.size >= boundFor(own, bounds.kinds);
      const chosen = isFull && find(names) === undefined ? hide(own, (free) => !isKeyed(free, own)) : names;
      const known = find(chosen);
      if (known !== undefined) return { kind: known, isNew: false };
      const hides = FREE.some((free) => chosen[free] === OTHER);
      const kind = { ...chosen, id: hides ? lowest - 1 : highest + 1 };
      learn(kind);
      return { kind, isNew: true };
    },
    learnt: () => [highest, lowest],
    learn(found) {
      for (const kind of found) learn(kind);
    },
    forget() {
      kinds.clear();
      for (const free of FREE) distinguished[free].clear();
      lowest = 0;
      highest = 0;
    },
  };
}

function hide(names: Names, isHidden: (free: (typeof FREE)[number]) => boolean): Names {
  const shown = { ...names };
  for (const free of FREE) if (names[free] !== '' && isHidden(free)) shown[free] = OTHER;
  return shown;
}

function namesOf(row: RowValues): Names {
  const [provider = '', model = '', agent = '', project = '', operation = '', status = ''] =
    kindNamesOf(row).map(String);
  return { provider, model, agent, project, operation, status };
}

function keyOf(names: readonly SqlValue[]): string {
  return JSON.stringify(names);
}
