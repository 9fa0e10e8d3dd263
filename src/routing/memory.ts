// What routing remembers of served requests: how fast each target was, and which one serves each conversation.
import { type Target, targetName } from './targets.ts';

export interface RouteMemory {
  /** Records that a target has served. `place`: the conversation's key; null if it need not be remembered. */
  served(target: Target, timing: string, ms: number, place: string | null): void;
  latencyMs(target: Target, timing: string): number | null;
  /** The name of the target that served last under this place. */
  placeOf(place: string): string | null;
  /** Records that another process has served `place` on `target`. */
  adopt(place: string, target: string): void;
}

/** Weight of the newest request in a target's moving average of latency. */
const NEWEST = 0.3;
/** Older measurements are discarded, so that such a target is tried again. */
const FRESH_MS = 10 * 60_000;
/** Bounded, since model names come from clients. */
const MOST_TARGETS = 2_000;
/** How many conversations are remembered; each takes some 200 bytes. */
const MOST_PLACES = 10_000;

interface Latency {
  ms: number;
  at: number;
}

/**
 * @param monotonic milliseconds that never jump.
 * @param moved called when another target than before serves a conversation.
 */
export function createRouteMemory(
  monotonic: () => number,
  moved: (place: string, target: string) => void = () => {},
): RouteMemory {
  const latencies = new Map<string, Latency>();
  const places = new Map<string, string>();
  const fresh = (key: string, now: number): Latency | undefined => {
    const known = latencies.get(key);
    return known !== undefined && now - known.at <= FRESH_MS ? known : undefined;
  };
  return {
    served(target, timing, ms, place) {
      const name = targetName(target);
      const key = `${timing} ${name}`;
      const at = monotonic();
      const before = fresh(key, at)?.ms ?? ms;
      putLast(latencies, key, { ms: before + NEWEST * (ms - before), at }, MOST_TARGETS);
      if (place === null) return;
      if (places.get(place) !== name) moved(place, name);
      putLast(places, place, name, MOST_PLACES);
    },
    adopt: (place, target) => putLast(places, place, target, MOST_PLACES),
    latencyMs: (target, timing) => fresh(`${timing} ${targetName(target)}`, monotonic())?.ms ?? null,
    placeOf: (place) => places.get(place) ?? null,
  };
}

/** Puts the entry at the end, and removes the oldest if there are too many. */
function putLast<Value>(entries: Map<string, Value>, key: string, value: Value, most: number): void {
  entries.delete(key);
  entries.set(key, value);
  if (entries.size <= most) return;
  for (const oldest of entries.keys()) {
    entries.delete(oldest);
    break;
  }
}
