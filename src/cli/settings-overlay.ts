// A program's settings with some of them changed, in a folder that replaces the person's own while the program runs. It shows the contents
// of that folder, so that sessions and extensions are the person's, but has its own settings file. The person's folder is never written to.
import * as fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { findHome, homeDirectory } from '../config/load.ts';
import { parseConfigText } from '../config/load-format.ts';
import { isObject, type JsonObject } from '../model/json/json.ts';
import { type CliContext, CommandFailure } from './command.ts';
import { usingHome } from './home.ts';
import { codeOf, messageOf } from '../model/thrown.ts';

export interface SettingsOverlay {
  /** The variable that names the folder in which the program looks for `folder`, instead of the person's home. */
  variable: string;
  folder: string;
  /** A file in `folder`: JSON, with comments allowed. */
  file: string;
  /** Replaces these settings of the person's file; the others stay. */
  content: JsonObject;
}

/**
 * The variable for the program's environment. `name` is the program's name.
 * Throws CommandFailure where the person's own file cannot be read or would override the overlay's, and where the gateway's folder
 * cannot hold the overlay.
 */
export function overlaySettings(
  { variable, folder, file, content }: SettingsOverlay,
  name: string,
  { environment, directory }: CliContext,
): Record<string, string> {
  const home = join(findHome(environment), 'clients', name);
  const named = environment[variable];
  // A program that was started in this way may start another one.
  const ofPerson = named && resolve(directory, named) !== resolve(directory, home) ? named : undefined;
  const theirs = resolve(directory, ofPerson ?? (environment.HOME || homeDirectory()), folder);
  const own = readSettings(join(theirs, file));
  const settings = merge(own, content);
  // In that folder they also count as project settings, which take precedence.
  if (isSame(directory, dirname(theirs)) && !isDeepStrictEqual(merge(content, own), settings)) {
    const what = `${join(theirs, file)} takes precedence over the gateway’s settings`;
    throw new CommandFailure(`in your home folder ${what}; start ${name} in another folder`);
  }
  const ours = join(home, folder);
  usingHome(home, () => {
    fs.mkdirSync(ours, { recursive: true, mode: 0o700 });
    showIn(ours, theirs, file);
    // Written atomically, since another run of the program may be reading it. It may contain keys, such as those of tool servers.
    const draft = join(home, `${file}.${process.pid}`);
    fs.writeFileSync(draft, `${JSON.stringify(settings)}\n`, { mode: 0o600 });
    fs.renameSync(draft, join(ours, file));
  });
  return { [variable]: home };
}

function isSame(first: string, second: string): boolean {
  return fs.existsSync(second) && fs.realpathSync(first) === fs.realpathSync(second);
}

function readSettings(path: string): JsonObject {
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return {};
    const why = messageOf(cause);
    throw new CommandFailure(`${path} cannot be read: ${why}`, { cause });
  }
  const { value, errors } = parseConfigText(text, '.jsonc');
  if (errors.length === 0 && isObject(value)) return value;
  const [first = { line: 1, message: 'it is not an object' }] = errors;
  throw new CommandFailure(`${path} cannot be read: line ${first.line ?? 1}: ${first.message}`);
}

/** Links the entries of `theirs`. What the program itself has put into `ours` stays. */
function showIn(ours: string, theirs: string, except: string): void {
  for (const each of fs.readdirSync(ours)) {
    const path = join(ours, each);
    const isStale = fs.lstatSync(path).isSymbolicLink() && fs.readlinkSync(path) !== join(theirs, each);
    if (isStale || !fs.existsSync(path)) fs.rmSync(path, { force: true });
  }
  if (!fs.existsSync(theirs)) return;
  for (const each of fs.readdirSync(theirs)) {
    const path = join(ours, each);
    if (each !== except && !fs.existsSync(path)) link(join(theirs, each), path);
  }
}

function link(target: string, path: string): void {
  try {
    fs.symlinkSync(target, path);
  } catch (error) {
    // Another run has created it first.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function merge(theirs: JsonObject, ours: JsonObject): JsonObject {
  const all = { ...theirs };
  for (const [name, value] of Object.entries(ours)) {
    const before = all[name];
    all[name] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return all;
}
