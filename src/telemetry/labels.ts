// Names from outside as labels. Clients may invent any number of names, but only a limited number get a series of their own.

/** The most models, agents or projects with a series of their own; the rest are `other`. */
export const MAX_NAMES = 100;
const OTHER = 'other';
/** The label of requests without a name. */
export const NONE = 'none';
const LONGEST_NAME = 128;

export interface Names {
  /** @param admit whether the name may take one of the places that are left. */
  label(name: string | null, admit: boolean): string;
}

/** The first names that were admitted keep their own label for good. */
export function createNames(): Names {
  const known = new Set<string>();
  return {
    label(name, admit) {
      if (name === null || name === '') return NONE;
      const short = shortened(name);
      if (known.has(short)) return short;
      if (!admit || known.size >= MAX_NAMES) return OTHER;
      known.add(short);
      return short;
    },
  };
}

function shortened(name: string): string {
  // As text that UTF-8 can express, so that no two series look the same.
  return (name.length > LONGEST_NAME ? name.slice(0, LONGEST_NAME) : name).toWellFormed();
}

const ADMITTED = '+';
const NOT_ADMITTED = '-';

/** For a meter whose counts are added to another one: that one decides which names get a series. */
export const UNDECIDED: Names = {
  label(name, admit) {
    if (name === null || name === '') return NONE;
    return (admit ? ADMITTED : NOT_ADMITTED) + shortened(name);
  },
};

/** @param label as returned by `UNDECIDED`. */
export function decide(label: string, names: Names): string {
  return label === NONE ? NONE : names.label(label.slice(1), label.startsWith(ADMITTED));
}
