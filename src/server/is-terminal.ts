// Whether a descriptor is a terminal. `node:tty` takes long to load (node-modules.ts), so it is asked only about what may be one.
import { fstatSync, statSync } from 'node:fs';
import { devNull } from 'node:os';
import { tty } from './node-modules.ts';

export function isTerminal(descriptor: number): boolean {
  return mayBeTerminal(descriptor) && tty().isatty(descriptor);
}

function mayBeTerminal(descriptor: number): boolean {
  try {
    const open = fstatSync(descriptor);
    return open.isCharacterDevice() && open.rdev !== statSync(devNull).rdev;
  } catch {
    // It is closed.
    return false;
  }
}
