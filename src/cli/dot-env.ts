// The `.env` of a folder, and the files beside it, where Bun does not read them as they are meant: for commands that are given elsewhere, and with a `$` in a value.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

type Variables = Readonly<NodeJS.Dict<string>>;

/** Of another folder, for a gateway that was started there. Values that Bun would put together of others are left out. */
export function readDotEnv(folder: string, environment: Variables): NodeJS.Dict<string> {
  const read = parse(folder, environment);
  const known = { ...environment, ...read };
  return Object.fromEntries(Object.entries(read).map(([name, value]) => [name, literal(value, known)]));
}

/**
 * Gives back to `environment` what Bun has taken from values in the `.env` of this folder: in a password such as `pa$$word` it takes
 * `$word` for a variable, be it quoted or not, and for an empty one if there is none.
 * @param inherited stands before what is in `.env`.
 */
export function keepDollars(environment: NodeJS.Dict<string>, inherited: Variables, folder: string): void {
  for (const [name, value = ''] of Object.entries(parse(folder, inherited))) {
    if (!value.includes('$') || inherited[name] !== undefined) continue;
    // Only what Bun has read as it is read here.
    if (environment[name] === withoutVariables(value))
      environment[name] = literal(value, environment) ?? environment[name];
  }
}

/** Without what the `.env` of this folder adds to what is inherited: for a process that reads another folder's. */
export function withoutDotEnv(
  environment: Variables,
  inherited: Variables,
  folder: string,
): NodeJS.Dict<string> {
  const added = Object.keys(parse(folder, inherited)).filter((name) => inherited[name] === undefined);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !added.includes(name)));
}

/** As Bun makes it where there is none of the variables. */
function withoutVariables(value: string): string {
  return value.replaceAll(/\\(\$)|\$\w+/g, '$1');
}

/** What is nothing but the name of a variable, in the letters that those have. */
const REFERENCE = /^\$[A-Z_][A-Z0-9_]*$/;

/** Undefined for a value that refers to a variable: in braces, by the name of one that there is, or by nothing but such a name. */
function literal(value: string | undefined, known: Variables): string | undefined {
  if (value !== undefined && REFERENCE.test(value)) return undefined;
  const unescaped = value?.replaceAll('\\$', '') ?? '';
  const names = [...unescaped.matchAll(/\$(\w+)/g)].map(([, name = '']) => name);
  if (unescaped.includes('${') || names.some((name) => known[name] !== undefined)) return undefined;
  return value?.replaceAll('\\$', '$');
}

/** What stands in all files that Bun reads there, a later one before an earlier. https://bun.com/docs/runtime/environment-variables */
function parse(folder: string, { NODE_ENV }: Variables): NodeJS.Dict<string> {
  const mode = NODE_ENV === 'production' || NODE_ENV === 'test' ? NODE_ENV : 'development';
  const local = mode === 'test' ? [] : ['.env.local'];
  const files = ['.env', `.env.${mode}`, ...local, `.env.${mode}.local`];
  return Object.assign({}, ...files.map((file) => parseFile(join(folder, file))));
}

function parseFile(path: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch {
    // There is none, or it is not for this user: what it would have said is missing then, and is named as missing.
    return {};
  }
}
