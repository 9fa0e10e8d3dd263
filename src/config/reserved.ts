// Keys that the configuration format has and this version does not act upon.
import type { KeyPath } from './problem.ts';

/** `*` stands for any name. A key leaves this table when something reads it. */
export const RESERVED_KEYS: readonly string[] = [
  'routing.agent_rules',
  'routing.model_tier_rules',
  'routing.model_mappings',
  'routing.scenarios',
  'routing.patterns',
];

export function isReserved(path: KeyPath): boolean {
  return RESERVED_KEYS.some((pattern) => {
    const parts = pattern.split('.');
    return parts.length === path.length && parts.every((part, index) => part === '*' || part === path[index]);
  });
}

/** The reserved keys directly below `path`. */
export function reservedBelow(path: KeyPath): string[] {
  return RESERVED_KEYS.map((pattern) => pattern.split('.').at(-1) ?? '').filter((key) =>
    isReserved([...path, key]),
  );
}
