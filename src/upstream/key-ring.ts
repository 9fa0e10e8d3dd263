// The keys of one provider: which one a request uses, and which are set aside after being refused.
import type { GatewayError } from '../model/errors.ts';
import { fnv1a } from '../model/hash.ts';

/** Why a key is not used: it was refused, its quota is used up, or it has to wait because of a rate limit or an overload. */
export type CooldownReason = 'refused' | 'exhausted' | 'rate_limited' | 'overloaded';

export interface ChosenKey {
  /** Null: the provider needs none. */
  value: string | null;
  /** The key's position, such as `#1`; undefined if there is no choice. */
  label: string | undefined;
}

export interface KeyState {
  /** The key's position, since keys are never shown. */
  name: string;
  state: 'ready' | CooldownReason;
  /** Milliseconds until it is used again; left out if it is ready. */
  retryInMs?: number;
  /** The models for which it is set aside; left out if for all. */
  models?: string[];
}

export interface KeyQuestion {
  /** Empty: the provider needs none, which counts as one key. */
  keys: readonly string[];
  model: string;
  /** A text for which the same key is chosen each time, as long as it is ready. Read only if there is a choice. */
  conversation(): string | null;
  /** No other target is left, so that even a refused key is better than none. */
  lastResort: boolean;
}

export interface KeyRing {
  choose(question: KeyQuestion): ChosenKey | { waitMs: number; why: CooldownReason };
  /** Whether another key is ready, so that the next try need not wait. */
  hasOther(keys: readonly string[], model: string): boolean;
  succeeded(key: string | null, model: string): void;
  /** Whether a key is set aside for this model, or for all, and has not been tried since. */
  hasCooldown(key: string | null, model: string): boolean;
  /** Sets the key aside if it is to blame for the failure. Returns whether it is refused or used up for all models, and was not before. */
  failed(key: string | null, model: string, error: GatewayError, alone: boolean): boolean;
  snapshot(keys: readonly string[]): KeyState[];
  /** The keys that are set aside, for another process that is starting. */
  recall(): KeyCooldown[];
  /** Another process has set these keys aside. */
  adopt(cooldowns: readonly KeyCooldown[]): void;
}

/** A key that is set aside, for another process. Must not be passed anywhere else. */
export interface KeyCooldown extends Omit<Cooldown, 'until'> {
  key: string;
  model: string;
  /** Milliseconds. */
  leftMs: number;
}

/** How long a refused or used-up key is set aside if the provider does not say. */
export const REFUSED_MS = 5 * 60_000;
/** The longest hint that is honoured: whatever a provider says, a key is tried again within the hour. */
export const LONGEST_COOLDOWN_MS = 60 * 60_000;
const FIRST_UNHINTED_MS = 1_000;
const LONGEST_UNHINTED_MS = 60_000;
/** Timers may fire up to a millisecond early. */
const EARLY_MS = 1;
/** Bounded, since model names come from clients. */
const MAX_COOLDOWNS = 256;
/** If there are more, keys that are not set aside any more are forgotten, since reloads may bring new ones without end. */
const MAX_KEYS = 256;

const EVERY_MODEL = '*';

interface Cooldown {
  until: number;
  why: CooldownReason;
  /** Whether the provider said for how long. */
  hinted: boolean;
  /** How often in a row the provider gave no hint. */
  strikes: number;
}

export function createKeyRing(monotonic: () => number): KeyRing {
  const cooldowns = new Map<string, Map<string, Cooldown>>();
  let turn = 0;

  function cooldownOf(key: string, model: string): Cooldown | undefined {
    const now = monotonic();
    const own = cooldowns.get(key);
    if (own === undefined) return undefined;
    return [own.get(EVERY_MODEL), own.get(model)]
      .filter((cooldown) => cooldown !== undefined && cooldown.until - now > EARLY_MS)
      .sort((a, b) => (b?.until ?? 0) - (a?.until ?? 0))[0];
  }

  function setAside(
    key: string,
    model: string,
    why: CooldownReason,
    { ms, hinted, strikes = 0 }: { ms: number; hinted: boolean; strikes?: number },
  ): void {
    if (cooldowns.size >= MAX_KEYS && !cooldowns.has(key)) forgetReady();
    const own = cooldowns.get(key) ?? new Map<string, Cooldown>();
    cooldowns.set(key, own);
    if (own.size >= MAX_COOLDOWNS) own.clear();
    own.set(model, { until: monotonic() + Math.min(ms, LONGEST_COOLDOWN_MS), why, hinted, strikes });
  }

  function forgetReady(): void {
    const now = monotonic();
    for (const [key, own] of cooldowns)
      if ([...own.values()].every(({ until }) => until <= now)) cooldowns.delete(key);
  }

  /** All positions, in order of preference. */
  function order(keys: readonly string[], conversation: () => string | null): number[] {
    const positions = [...keys.keys()];
    if (keys.length < 2) return positions;
    const spoken = conversation();
    if (spoken === null) {
      const first = turn++ % keys.length;
      return [...positions.slice(first), ...positions.slice(0, first)];
    }
    // Rendezvous hashing: if one key is missing, only its own conversations move.
    const weights = keys.map((key) => weightOf(`${spoken}\n${key}`));
    return positions.sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
  }

  return {
    choose({ keys, model, conversation, lastResort }) {
      // Usually there is neither a choice nor a key that is set aside, and nothing need be compared.
      if (keys.length < 2 && cooldowns.size === 0) return { value: keys[0] ?? null, label: undefined };
      const held = keys.length === 0 ? [''] : keys;
      const ordered = order(held, conversation);
      const chosen = (position: number): ChosenKey => ({
        value: keys[position] ?? null,
        label: labelOf(keys, position),
      });
      const ready = ordered.find((position) => cooldownOf(held[position] ?? '', model) === undefined);
      if (ready !== undefined) return chosen(ready);
      const set = ordered
        .map((position) => ({ position, cooldown: cooldownOf(held[position] ?? '', model) }))
        .filter((entry): entry is { position: number; cooldown: Cooldown } => entry.cooldown !== undefined)
        .sort((a, b) => a.cooldown.until - b.cooldown.until);
      const soonest = set.find(({ cooldown }) => !isDoubtful(cooldown)) ?? set[0];
      if (soonest === undefined) return chosen(0);
      if (lastResort && isDoubtful(soonest.cooldown)) return chosen(soonest.position);
      return { waitMs: soonest.cooldown.until - monotonic(), why: soonest.cooldown.why };
    },
    hasOther: (keys, model) => keys.some((key) => cooldownOf(key, model) === undefined),
    hasCooldown(key, model) {
      const own = cooldowns.get(key ?? '');
      return own !== undefined && (own.has(model) || own.has(EVERY_MODEL));
    },
    succeeded(key, model) {
      const held = key ?? '';
      const own = cooldowns.get(held);
      own?.delete(model);
      own?.delete(EVERY_MODEL);
      if (own?.size === 0) cooldowns.delete(held);
    },
    failed(key, model, error, alone) {
      const held = key ?? '';
      const { code, status, retryAfterMs: hint } = error;
      const refused = { ms: hint ?? REFUSED_MS, hinted: hint !== undefined };
      const before = cooldownOf(held, model)?.why;
      const isNews = before !== 'refused' && before !== 'exhausted';
      if (code === 'upstream_unauthorized') {
        // A 403 may only concern the model that was asked for.
        const why = error.exhausted ? 'exhausted' : 'refused';
        const ofAll = status !== 403;
        setAside(held, ofAll ? EVERY_MODEL : model, why, refused);
        return ofAll && isNews;
      }
      if (error.exhausted) {
        const ofAll = error.exhausted !== 'model';
        setAside(held, ofAll ? EVERY_MODEL : model, 'exhausted', refused);
        return ofAll && isNews;
      }
      if (code === 'upstream_rate_limited' || code === 'upstream_overloaded') {
        const why = code === 'upstream_overloaded' ? 'overloaded' : 'rate_limited';
        if (hint !== undefined) setAside(held, model, why, { ms: hint, hinted: true });
        else if (!alone && why === 'rate_limited') {
          const strikes = (cooldowns.get(held)?.get(model)?.strikes ?? 0) + 1;
          const ms = Math.min(LONGEST_UNHINTED_MS, FIRST_UNHINTED_MS * 2 ** (strikes - 1));
          setAside(held, model, why, { ms, hinted: false, strikes });
        }
      }
      return false;
    },
    snapshot(keys) {
      const now = monotonic();
      return keys.map((key, position) => {
        const name = `#${position + 1}`;
        const standing = [...(cooldowns.get(key) ?? [])].filter(([, { until }]) => until - now > EARLY_MS);
        const all = standing.find(([model]) => model === EVERY_MODEL)?.[1];
        const worst = all ?? standing.map(([, one]) => one).sort((a, b) => b.until - a.until)[0];
        if (worst === undefined) return { name, state: 'ready' };
        const state = { name, state: worst.why, retryInMs: worst.until - now };
        return all !== undefined ? state : { ...state, models: standing.map(([model]) => model) };
      });
    },
    recall() {
      const now = monotonic();
      return [...cooldowns].flatMap(([key, own]) =>
        [...own].map(([model, { until, ...rest }]) => ({ key, model, leftMs: until - now, ...rest })),
      );
    },
    adopt(known) {
      for (const { key, model, leftMs, why, hinted, strikes } of known)
        setAside(key, model, why, { ms: leftMs, hinted, strikes });
    },
  };
}

/** Whether it may end at any time: when the bill is paid, or the key gets its rights. */
function isDoubtful({ why, hinted }: Cooldown): boolean {
  return (why === 'refused' || why === 'exhausted') && !hinted;
}

function labelOf(keys: readonly string[], position: number): string | undefined {
  return keys.length > 1 ? `#${position + 1}` : undefined;
}

/** A hash with a mixing end, 32 bits. */
function weightOf(text: string): number {
  let hash = fnv1a(text);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
