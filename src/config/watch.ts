// Reports changes to files that the configuration depends on: also when an editor replaces one, or a mount swaps it.
import { statSync } from 'node:fs';
import { readText } from './load-text.ts';

/**
 * How often a file is checked. Polled rather than watched by the system, which reports every change in a whole
 * directory: the ledger, which may lie beside the file, writes hundreds of times a second.
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
  return watchState({
    stamp: () => stampOf(path),
    read: () => textOf(path),
    seen: loaded,
    onChange,
    onGone,
  });
}

/**
 * Calls `onChange` when the file at `path` appears, disappears or is written to, until the function it returns is called.
 * For files that are not read as text.
 *
 * @param seen the file's stamp, taken before it was read.
 */
export function watchStore(path: string, seen: string | undefined, onChange: () => void): () => void {
  const stamp = () => stampOf(path);
  return watchState({ stamp, read: stamp, seen, onChange });
}

/** Paths of PEM files that belong together: a certificate and its key, and authorities. */
export type TlsFiles = Readonly<Partial<Record<'cert' | 'key' | 'ca', string>>>;

/**
 * Calls `onChange` when one of the files was replaced, once if several were, until the function it returns is called.
 * @param seen `stampOfTls` before they were read.
 */
export function watchCertificate(files: TlsFiles, seen: string, onChange: () => void): () => void {
  const stamp = () => stampOfTls(files);
  return watchState({ stamp, read: stamp, seen, onChange });
}

/** Identifies the state of the files; different after every change of one of them. */
export function stampOfTls(files: TlsFiles): string {
  return Object.values(files).map(stampOf).join(' ');
}

/** A file that does not exist yet is not urgent. */
const AWAIT_MS = 1_000;

/** Calls `onFound` once, as soon as `find` returns a file, unless the function it returns is called before. */
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
  /** Identifies the file's state; undefined where it does not exist. */
  read(): string | undefined;
  seen: string | undefined;
  onChange(): void;
  /** Where it is none, the file's end is a change as any other. */
  onGone?: () => void;
}

function watchState({ stamp: stampNow, read, seen, onChange, onGone = onChange }: Watched): () => void {
  let stamp = stampNow();
  // The file may have changed since it was loaded.
  let isNew = true;
  const look = () => {
    const found = stampNow();
    if (found !== stamp) {
      // Editors write in several steps: empty, fill, rename. The file is read once it stops changing.
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

/** Stamp of the file that the path leads to, different after every change. Undefined where there is none. */
export function stampOf(path: string): string | undefined {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return undefined;
  }
}
