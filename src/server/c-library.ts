// Opens the system's C library, for what the runtime does not offer.
import { dlopen, type FFIFunction, type Library } from 'bun:ffi';

/** Throws if it is not found, or lacks one of the functions. */
export function openCLibrary<Functions extends Record<string, FFIFunction>>(
  functions: Functions,
): Library<Functions>['symbols'] {
  const names = libraryNames();
  for (const [index, name] of names.entries()) {
    try {
      return dlopen(name, functions).symbols;
    } catch (error) {
      if (index === names.length - 1) throw error;
    }
  }
  throw new Error('no C library is known for this system');
}

/** Depends on the system; musl's name includes the processor. */
function libraryNames(): string[] {
  const processor = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return process.platform === 'darwin' ? ['libSystem.B.dylib'] : ['libc.so.6', `libc.musl-${processor}.so.1`];
}
