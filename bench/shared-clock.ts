// A clock that all processes of this machine share, so that one knows how long ago another did something:
// https://man7.org/linux/man-pages/man3/clock_gettime.3.html
import { dlopen, FFIType } from 'bun:ffi';

const CLOCK_MONOTONIC = process.platform === 'darwin' ? 6 : 1;
const LIBRARY = process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6';

/** Microseconds of the shared clock when this process's (or thread's) own began; that one is faster to ask. */
const began = readOffset();

function readOffset(): number {
  const { symbols, close } = dlopen(LIBRARY, {
    clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
  });
  const time = new BigInt64Array(2);
  symbols.clock_gettime(CLOCK_MONOTONIC, time);
  // The first call may have been delayed by its own compilation.
  symbols.clock_gettime(CLOCK_MONOTONIC, time);
  const own = performance.now() * 1e3;
  const [seconds = 0n, nanoseconds = 0n] = time;
  close();
  return Number(seconds) * 1e6 + Number(nanoseconds) / 1e3 - own;
}

/** Microseconds since the machine was started. */
export function sharedNow(): number {
  return began + performance.now() * 1e3;
}
