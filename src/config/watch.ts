// Tells when the configuration file's text changed: also when an editor replaces the file, or a mount swaps it.
import { readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';

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
  let seen: string | undefined = loaded;
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
  const close = watchDirectory(dirname(path), look);
  // It may have changed since it was loaded.
  look();
  return () => {
    clearTimeout(timer);
    close();
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Returns how to stop. */
function watchDirectory(directory: string, onEvent: () => void): () => void {
  try {
    const watcher = watch(directory, { persistent: false }, onEvent);
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    // No watches left, or a file system without any.
    const timer = setInterval(onEvent, POLL_MS);
    timer.unref();
    return () => clearInterval(timer);
  }
}
