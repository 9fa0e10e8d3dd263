// Another commit of this repository, checked out beside it and ready to run.
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildProgram } from './sluice.ts';

export interface OtherTree {
  root: string;
  /** Short hash. */
  commit: string;
  remove(): void;
}

/** Throws where there is no such commit, or it cannot be built. */
export function checkOut(repository: string, ref: string): OtherTree {
  const commit = git(repository, 'rev-parse', '--short=10', '--verify', `${ref}^{commit}`);
  const root = mkdtempSync(join(tmpdir(), 'sluice-compare-'));
  const remove = () => rmSync(root, { recursive: true, force: true });
  try {
    const archive = join(root, 'tree.tar');
    git(repository, 'archive', `--output=${archive}`, commit);
    run(root, ['tar', '-xf', archive]);
    rmSync(archive);
    bringPackages(repository, root);
    buildProgram(root);
    return { root, commit, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Uses this tree's dependencies if it needs the same. */
function bringPackages(repository: string, root: string): void {
  const lock = (tree: string) => readFileSync(join(tree, 'package-lock.json'), 'utf8');
  const installed = join(repository, 'node_modules');
  if (existsSync(installed) && lock(repository) === lock(root))
    symlinkSync(installed, join(root, 'node_modules'));
  else run(root, ['npm', 'ci', '--no-fund', '--no-audit']);
}

function git(directory: string, ...args: string[]): string {
  return run(directory, ['git', ...args]).trim();
}

function run(directory: string, command: string[]): string {
  const { stdout, stderr, success } = Bun.spawnSync(command, { cwd: directory });
  if (!success) throw new Error(`${command.join(' ')}: ${stderr.toString().trim()}`);
  return stdout.toString();
}
