// Tells when a file changed that the configuration rests on: also when an editor replaces it, or a mount swaps it.
import { readFileSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Editors write in several steps: empty, fill, rename. */
const SETTLE_MS = 100;

/** How often the file is read where the system gives no watch. */
const POLL_MS = 2000;

/**
 * Calls `onChange` when the text differs from the last one seen, at first from `loaded`, and `onGone` when the
 * file cannot be read any more, until the function it returns is called. It watches the directory, since a
 * replaced file is another file.
 */
export function watchConfigFile(
  path: string,
  loaded: string,
  onChange: () => void,
  onGone: () => void = () => {},
): () => void {
  return watchFile(path, { read: readText, seen: loaded, onChange, onGone, isNear: () => true });
}

/**
 * Calls `onChange` when the file at `path` came, went or was written to, until the function it returns is called.
 * For files that are not read as text, and that lie beside others which change all the time.
 */
export function watchStore(path: string, onChange: () => void): () => void {
  const name = basename(path);
  return watchFile(path, {
    read: readStamp,
    seen: readStamp(path),
    onChange,
    onGone: onChange,
    isNear: (changed) => changed === null || changed.startsWith(name),
  });
}

interface Watched {
  /** What tells one state of the file from another; undefined where it is not there. */
  read(path: string): string | undefined;
  seen: string | undefined;
  onChange(): void;
  onGone(): void;
  /** Whether a change of this name in the directory is worth a look. */
  isNear(name: string | null): boolean;
}

function watchFile(path: string, watched: Watched): () => void {
  const { read, onChange, onGone } = watched;
  let { seen } = watched;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const check = () => {
    const text = read(path);
    if (text === seen) return;
    seen = text;
    if (text === undefined) onGone();
    else onChange();
  };
  const look = () => {
    clearTimeout(timer);
    timer = setTimeout(check, SETTLE_MS);
  };
  const close = watchDirectory(dirname(path), (name) => {
    if (watched.isNear(name)) look();
  });
  // It may have changed since it was loaded.
  look();
  return () => {
    clearTimeout(timer);
    close();
  };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function readStamp(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
}

/** Returns how to stop. */
function watchDirectory(directory: string, onEvent: (name: string | null) => void): () => void {
  try {
    const watcher = watch(directory, { persistent: false }, (_, name) => onEvent(name));
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    // No watches left, or a file system without any.
    const timer = setInterval(() => onEvent(null), POLL_MS);
    timer.unref();
    return () => clearInterval(timer);
  }
}
