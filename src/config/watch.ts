// Reports changes of files on which the configuration depends, even if an editor replaces one, or a mount swaps it.
import { statSync } from 'node:fs';
import { readText } from './load-text.ts';

/**
 * How often a file is checked, in milliseconds. It is polled, since the system's own watching reports every change in a whole directory:
 * the ledger, which may be beside the file, writes hundreds of times a second.
 */
const LOOK_MS = 250;

/**
 * Calls `onChange` when the text differs from the last one seen (initially `loaded`), and `onGone` when the file cannot be read any more.
 * The returned function stops it.
 */
export function watchConfigFile(
  path: string,
  loaded: string,
  onChange: () => void,
  onGone: () => void = () => {},
): () => void {
  return watchState({
    stamp: () => stampOf(path),
    read: () => textOf(path),
    seen: loaded,
    onChange,
    onGone,
  });
}

/**
 * Calls `onChange` when the file at `path` appears, disappears or is written to; for files that are not read as text. The returned function
 * stops it.
 *
 * @param seen the file's stamp, taken before it was read.
 */
export function watchStore(path: string, seen: string | undefined, onChange: () => void): () => void {
  const stamp = () => stampOf(path);
  return watchState({ stamp, read: stamp, seen, onChange });
}

/**
 * Calls `onChange` when files that belong together (a certificate and its key) were replaced, once for several at a time. The returned
 * function stops it.
 * @param seen `stampOfAll`, taken before they were read.
 */
export function watchTogether(paths: readonly string[], seen: string, onChange: () => void): () => void {
  const stamp = () => stampOfAll(paths);
  return watchState({ stamp, read: stamp, seen, onChange });
}

/** Identifies the state of the files; different after every change of one of them. */
export function stampOfAll(paths: readonly string[]): string {
  return paths.map(stampOf).join(' ');
}

/** In milliseconds: a file that does not exist yet is not urgent. */
const AWAIT_MS = 1_000;

/** Calls `onFound` once, as soon as `find` returns a file. The returned function stops it. */
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
  /** Different after every write. */
  stamp(): string | undefined;
  /** Identifies the file's state; undefined if it does not exist. */
  read(): string | undefined;
  seen: string | undefined;
  onChange(): void;
  /** If left out, the disappearance of the file is a change like any other. */
  onGone?: () => void;
}

function watchState({ stamp: stampNow, read, seen, onChange, onGone = onChange }: Watched): () => void {
  let stamp = stampNow();
  // The file may have changed since it was loaded.
  let isNew = true;
  const look = () => {
    const found = stampNow();
    if (found !== stamp) {
      // Editors write in several steps (empty, fill, rename), so the file is read once it stops changing.
      stamp = found;
      isNew = true;
      return;
    }
    if (!isNew) return;
    isNew = false;
    const state = read();
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

/** A stamp of the file to which the path leads, different after every change; undefined if there is none. */
export function stampOf(path: string): string | undefined {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return undefined;
  }
}
