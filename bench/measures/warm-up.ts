// How long a contender runs before it is measured. A runtime first compiles what it runs, on threads of its own: with one
// core for everything, that takes a third of the CPU in the first four seconds, a fifth until the twelfth, little later.

/** At saturation, in milliseconds. */
export const SATURATED_WARM_UP_MS = 12_000;
/** Of streams at the pace of a model: fewer paths, all of them compiled by then. */
export const PACED_WARM_UP_MS = 6_000;
