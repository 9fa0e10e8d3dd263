// Tells when a file changed that the configuration rests on: also when an editor replaces it, or a mount swaps it.
import { statSync } from 'node:fs';
import { readText } from './load-text.ts';

/**
 * How often a file is looked at. It is asked for rather than told of by the system: that tells of every change in
 * a whole directory, and the ledger, which may lie beside the file, writes hundreds of times a second.
 */
const LOOK_MS = 250;

/**
 * Calls `onChange` when the text differs from the last one seen, at first from `loaded`, and `onGone` when the
 * file cannot be read any more, until the function it returns is called.
 */
export function watchConfigFile(
  path: string,
  loaded: string,
  onChange: () => void,
  onGone: () => void = () => {},
): () => void {
  return watchFile(path, { read: textOf, seen: loaded, onChange, onGone });
}

/**
 * Calls `onChange` when the file at `path` came, went or was written to, until the function it returns is called.
 * For files that are not read as text.
 *
 * @param seen its stamp, taken before it was read.
 */
export function watchStore(path: string, seen: string | undefined, onChange: () => void): () => void {
  return watchFile(path, { read: stampOf, seen, onChange, onGone: onChange });
}

/** Where there is none yet, nobody waits for it to the moment. */
const AWAIT_MS = 1_000;

/** Calls `onFound` once, as soon as `find` knows of a file, unless the function it returns is called before. */
export function awaitFile(find: () => string | null, onFound: (path: string) => void): () => void {
  const timer = setInterval(() => {
    const path = find();
    if (path === null) return;
    clearInterval(timer);
    onFound(path);
  }, AWAIT_MS);
  timer.unref();
  return () => clearInterval(timer);
}

interface Watched {
  /** What tells one state of the file from another; undefined where it is not there. */
  read(path: string): string | undefined;
  seen: string | undefined;
  onChange(): void;
  onGone(): void;
}

function watchFile(path: string, { read, seen, onChange, onGone }: Watched): () => void {
  let stamp = stampOf(path);
  // It may have changed since it was loaded.
  let isNew = true;
  const look = () => {
    const found = stampOf(path);
    if (found !== stamp) {
      // Editors write in several steps: empty, fill, rename. It is read when it has come to rest.
      stamp = found;
      isNew = true;
      return;
    }
    if (!isNew) return;
    isNew = false;
    const state = read(path);
    if (state === seen) return;
    seen = state;
    if (state === undefined) onGone();
    else onChange();
  };
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function textOf(path: string): string | undefined {
  try {
    return readText(path);
  } catch {
    return undefined;
  }
}

/** Of the file that the path leads to: another after every change. Undefined where there is none. */
export function stampOf(path: string): string | undefined {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return undefined;
  }
}
