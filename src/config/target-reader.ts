// Lists of targets in the file → targets that can be used, with groups replaced by their members.
import { suggestion } from '../model/nearest.ts';
import type { KeyPath, Severity } from './problem.ts';
import type { WeightedTarget } from './resolved.ts';
import type { TargetsEntry } from './routing-schema.ts';

export interface TargetReader {
  /** Leaves out, and reports, what is unknown, disabled or circular; a target that is named twice counts once. */
  read(targets: TargetsEntry, path: KeyPath): WeightedTarget[];
  /** Whether a weight is written in the list, or in a group that it names. */
  weighs(targets: TargetsEntry): boolean;
}

type Groups = Readonly<Record<string, TargetsEntry>>;
type Report = (severity: Severity, path: KeyPath, message: string) => void;

export function createTargetReader(
  groups: Groups,
  { enabled, names }: { enabled: readonly string[]; names: readonly string[] },
  report: Report,
): TargetReader {
  const groupNames = Object.keys(groups);
  const isGroup = (target: string) => Object.hasOwn(groups, target);

  /** Reports mistakes at each target's own path; those within a group are reported once, at the group. */
  function read(targets: TargetsEntry, path: KeyPath): WeightedTarget[] {
    const found = new Map<string, number>();
    for (const { target, weight, at } of entries(targets)) {
      const place = at === null ? path : [...path, at];
      for (const each of open(target, weight, place)) {
        found.set(each.target, (found.get(each.target) ?? 0) + each.weight);
      }
    }
    return [...found].map(([target, weight]) => ({ target, weight }));
  }

  function open(target: string, weight: number, path: KeyPath): WeightedTarget[] {
    if (isGroup(target)) {
      const members = opened.get(target) ?? [];
      const sum = members.reduce((total, member) => total + member.weight, 0);
      // A group's share is divided among its members.
      return members.map((member) => ({
        target: member.target,
        weight: sum === 0 ? 0 : (weight * member.weight) / sum,
      }));
    }
    const slash = target.indexOf('/');
    const name = slash === -1 ? target : target.slice(0, slash);
    if (slash === target.length - 1 && slash > 0) {
      report('fatal', path, `"${target}" names no model; write "${name}/MODEL", or "${name}" alone`);
      return [];
    }
    if (enabled.includes(name)) return [{ target, weight }];
    if (names.includes(name)) report('warning', path, `provider "${name}" is disabled; left out`);
    else {
      const known = [...names, ...groupNames];
      report(
        'fatal',
        path,
        `no provider is named "${name}"${suggestion(name, known)}; there are: ${known.join(', ')}`,
      );
    }
    return [];
  }

  const opened = new Map<string, WeightedTarget[]>();
  for (const name of groupNames) {
    if (names.includes(name)) report('fatal', ['groups', name], 'is the name of a provider; choose another');
  }
  for (const name of insideFirst(groups, report)) {
    opened.set(name, read(groups[name] ?? [], ['groups', name]));
  }
  const weighs = (targets: TargetsEntry, seen: readonly string[]): boolean =>
    typeof targets !== 'string' &&
    targets.some((entry) => {
      const { target, weight } = typeof entry === 'string' ? { target: entry } : entry;
      if (weight !== undefined) return true;
      const inner = isGroup(target) && !seen.includes(target) ? groups[target] : undefined;
      return inner !== undefined && weighs(inner, [...seen, target]);
    });
  return { read, weighs: (targets) => weighs(targets, []) };
}

function entries(targets: TargetsEntry): { target: string; weight: number; at: number | null }[] {
  if (typeof targets === 'string') return [{ target: targets, weight: 1, at: null }];
  return targets.map((entry, at) => {
    const { target, weight = 1 } = typeof entry === 'string' ? { target: entry } : entry;
    return { target, weight, at };
  });
}

/** The groups, each after those that it names. Reports a group that leads back to itself. */
function insideFirst(groups: Groups, report: Report): string[] {
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): void => {
    if (done.has(name)) return;
    for (const { target, at } of entries(groups[name] ?? [])) {
      if (!Object.hasOwn(groups, target)) continue;
      const round = [...way, name];
      const start = round.indexOf(target);
      if (start === -1) visit(target, round);
      else {
        const circle = [...round.slice(start), target].join(' → ');
        const path = ['groups', name, ...(at === null ? [] : [at])];
        report('fatal', path, `is circular: ${circle}; remove one of them`);
      }
    }
    done.add(name);
  };
  for (const name of Object.keys(groups)) visit(name, []);
  return [...done];
}
