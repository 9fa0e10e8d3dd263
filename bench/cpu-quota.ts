// A share of the CPU for some processes, as the kernel's control groups give it: on Linux, to root.
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { descendantsOf } from './process-stats.ts';

export interface CpuQuota {
  /** Holds a process and all that it has started. */
  hold(pid: number): void;
  /** So far. */
  periods(): Periods;
  /** When its processes are gone. */
  remove(): Promise<void>;
}

/** Those in which its processes did anything; in how many of them the quota was used up. */
export interface Periods {
  all: number;
  usedUp: number;
}

/** The kernel's default: shorter ones are not kept to exactly. */
const PERIOD_US = 100_000;
/** Processes that have ended may be counted for a moment yet. */
const REMOVE_TRIES = 50;

let made = 0;

/** What a CPU quota needs, where it is not to be had. */
export const CPU_QUOTA_NAME = 'a CPU quota (it takes root and control groups)';

export async function canLimitCpu(): Promise<boolean> {
  try {
    await createCpuQuota(1).remove();
    return true;
  } catch {
    return false;
  }
}

/** @param cores so much of the time of one core, before all others that want it. Throws where that cannot be had. */
export function createCpuQuota(cores: number): CpuQuota {
  const { parent, limit } = findController();
  const group = join(parent, `sluice-bench-${process.pid}-${made++}`);
  const quota = Math.round(cores * PERIOD_US);
  mkdirSync(group);
  const set = (name: string, value: string | number) => writeFileSync(join(group, name), String(value));
  try {
    limit(set, quota);
  } catch (error) {
    rmdirSync(group);
    throw error;
  }
  return {
    hold(pid) {
      for (const held of [pid, ...descendantsOf(pid)]) set('cgroup.procs', held);
    },
    periods() {
      const text = readFileSync(join(group, 'cpu.stat'), 'utf8');
      const count = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
      return { all: count('nr_periods'), usedUp: count('nr_throttled') };
    },
    async remove() {
      for (let left = REMOVE_TRIES; ; left--) {
        try {
          rmdirSync(group);
          return;
        } catch (error) {
          if (left === 0) throw error;
          await Bun.sleep(20);
        }
      }
    },
  };
}

interface Controller {
  /** Where groups are made. */
  parent: string;
  limit(set: (name: string, value: string | number) => void, quota: number): void;
}

/** Of either version. Throws where the kernel has none. */
function findController(): Controller {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const first = mounts.find(
    ([, , type, options = '']) => type === 'cgroup' && options.split(',').includes('cpu'),
  );
  if (first?.[1] !== undefined) {
    return {
      parent: first[1],
      limit(set, quota) {
        set('cpu.cfs_period_us', PERIOD_US);
        set('cpu.cfs_quota_us', quota);
        set('cpu.shares', 262_144);
      },
    };
  }
  const [, second] = mounts.find(([, , type]) => type === 'cgroup2') ?? [];
  if (second === undefined) throw new Error('no control groups');
  return {
    parent: second,
    limit(set, quota) {
      set('cpu.max', `${quota} ${PERIOD_US}`);
      set('cpu.weight', 10_000);
    },
  };
}
