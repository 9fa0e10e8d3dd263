// Where and when something was measured.
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { canPin } from './child.ts';
import type { Circumstances } from './report.ts';

const ROOT = join(import.meta.dir, '..');

/** @param missing programs that are not installed. */
export function findCircumstances(command: string, missing: readonly string[]): Circumstances {
  const [first] = cpus();
  return {
    machine: `${cpus().length} × ${first?.model.trim() ?? arch()}, ${Math.round(totalmem() / 2 ** 30)} GB, ${platform()} ${release()}`,
    runtime: `Bun ${Bun.version}`,
    commit: findCommit(),
    command,
    date: new Date().toISOString().slice(0, 10),
    pinned: canPin(),
    missing,
  };
}

/** Notes uncommitted changes in the tree. */
function findCommit(): string {
  const git = (...command: string[]) =>
    Bun.spawnSync(['git', ...command], { cwd: ROOT })
      .stdout.toString()
      .trim();
  const commit = git('rev-parse', '--short=10', 'HEAD');
  if (commit === '') return 'unknown';
  return git('status', '--porcelain', '--', 'src', 'bin', 'package-lock.json') === ''
    ? commit
    : `${commit} with changes`;
}
