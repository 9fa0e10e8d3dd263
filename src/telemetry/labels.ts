// Names from outside as labels: however many clients invent, only so many become series of their own.

/** Models, agents and projects with series of their own; the others are `other`. */
export const MAX_NAMES = 100;
const OTHER = 'other';
/** Stands for no name. */
export const NONE = 'none';
const LONGEST_NAME = 128;

export interface Names {
  /** `admit`: the name may take one of the places that are left. */
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
  // As UTF-8 tells it: no two series may read the same.
  return (name.length > LONGEST_NAME ? name.slice(0, LONGEST_NAME) : name).toWellFormed();
}

const ADMITTED = '+';
const NOT_ADMITTED = '-';

/** Of a meter whose counts another one takes: that one decides which names become series. */
export const UNDECIDED: Names = {
  label(name, admit) {
    if (name === null || name === '') return NONE;
    return (admit ? ADMITTED : NOT_ADMITTED) + shortened(name);
  },
};

/** @param label that `UNDECIDED` gave. */
export function decide(label: string, names: Names): string {
  return label === NONE ? NONE : names.label(label.slice(1), label.startsWith(ADMITTED));
}
