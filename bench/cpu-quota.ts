// A share of the CPU for some processes, and who comes first where they want the same core, as the kernel's control groups
// give it: on Linux, to root.
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

export interface CpuPriority {
  /** This process has what it had before. When those are gone that it has started meanwhile. */
  remove(): Promise<void>;
}

/** Of the weights that the kernel knows, from 0 to 1. */
const FIRST = 1;
/** Far behind those that come first, far before all that is in no group. */
const SECOND = 1 / 8;

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
    await putFirst().remove();
    return true;
  } catch {
    return false;
  }
}

/**
 * @param cores so much of the time of one core, before all others that want it but those of `putFirst`. Throws where that
 * cannot be had.
 */
export function createCpuQuota(cores: number): CpuQuota {
  const controller = findController();
  const quota = Math.round(cores * PERIOD_US);
  const { path, set, remove } = createGroup(controller, (set) => {
    controller.limit(set, quota);
    controller.weigh(set, SECOND);
  });
  return {
    hold(pid) {
      for (const held of [pid, ...descendantsOf(pid)]) set('cgroup.procs', held);
    },
    periods() {
      const text = readFileSync(join(path, 'cpu.stat'), 'utf8');
      const count = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
      return { all: count('nr_periods'), usedUp: count('nr_throttled') };
    },
    remove,
  };
}

/**
 * This process and what it starts from now on come first wherever a core is wanted, but for those that a quota holds.
 * Throws where that cannot be had.
 */
export function putFirst(): CpuPriority {
  const controller = findController();
  const before = join(controller.parent, controller.ownGroup, 'cgroup.procs');
  const { remove } = createGroup(controller, (set) => {
    controller.weigh(set, FIRST);
    set('cgroup.procs', process.pid);
  });
  return {
    remove() {
      writeFileSync(before, String(process.pid));
      return remove();
    },
  };
}

type SetValue = (name: string, value: string | number) => void;

function createGroup({ parent }: Controller, configure: (set: SetValue) => void) {
  const path = join(parent, `sluice-bench-${process.pid}-${made++}`);
  mkdirSync(path);
  const set: SetValue = (name, value) => writeFileSync(join(path, name), String(value));
  try {
    configure(set);
  } catch (error) {
    rmdirSync(path);
    throw error;
  }
  return {
    path,
    set,
    async remove(): Promise<void> {
      for (let left = REMOVE_TRIES; ; left--) {
        try {
          rmdirSync(path);
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
  /** That of this process, below it. */
  ownGroup: string;
  limit(set: SetValue, quota: number): void;
  /** @param weight of the most there is. */
  weigh(set: SetValue, weight: number): void;
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
      ownGroup: ownGroup((controllers) => controllers.includes('cpu')),
      limit(set, quota) {
        set('cpu.cfs_period_us', PERIOD_US);
        set('cpu.cfs_quota_us', quota);
      },
      weigh: (set, weight) => set('cpu.shares', Math.round(weight * 262_144)),
    };
  }
  const [, second] = mounts.find(([, , type]) => type === 'cgroup2') ?? [];
  if (second === undefined) throw new Error('no control groups');
  return {
    parent: second,
    ownGroup: ownGroup((controllers) => controllers[0] === ''),
    limit: (set, quota) => set('cpu.max', `${quota} ${PERIOD_US}`),
    weigh: (set, weight) => set('cpu.weight', Math.round(weight * 10_000)),
  };
}

/** @param isMeant which of the hierarchies, by its controllers. Throws where this process is in none such. */
function ownGroup(isMeant: (controllers: string[]) => boolean): string {
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.+)$/.exec(line) ?? [];
    if (path !== undefined && isMeant(controllers?.split(',') ?? [])) return path;
  }
  throw new Error('this process is in no control group');
}
