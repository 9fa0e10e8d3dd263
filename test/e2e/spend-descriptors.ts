// Leaves this process no descriptor to open a file with.
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

/** What is returned gives them back. */
export function spendDescriptors(): () => void {
  const opened: number[] = [];
  try {
    for (;;) opened.push(openSync(devNull, 'r'));
  } catch {
    // None is left.
  }
  return () => {
    for (const one of opened) closeSync(one);
  };
}
