// On a shared machine: takes priority over other work while something is timed. Linux, and as root.
import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

const FIRST = -15;
const USUAL = 0;

/** Gives this process, its descendants and their threads priority until the returned function is called. */
export function goFirst(): () => void {
  setAll(FIRST);
  return () => setAll(USUAL);
}

function setAll(priority: number): void {
  for (const thread of threadsOf(process.pid)) unlessGone(() => setPriority(thread, priority));
}

function threadsOf(pid: number): number[] {
  const threads = unlessGone(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  const children = threads.flatMap((thread) => {
    const listed = unlessGone(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')) ?? '';
    return listed.split(' ').filter(Boolean).map(Number);
  });
  return [...threads.map(Number), ...children.flatMap(threadsOf)];
}

/** Threads and processes may end while they are listed. */
function unlessGone<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    const message = thrown instanceof Error ? thrown.message : '';
    if (code === 'ENOENT' || message.includes('ESRCH')) return undefined;
    throw thrown;
  }
}
