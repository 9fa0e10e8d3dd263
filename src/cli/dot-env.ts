// A folder's `.env` and the files beside it, for another folder than Bun reads, and for values with a `$`, which it reads otherwise.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

type Variables = Readonly<NodeJS.Dict<string>>;

/** The variables of another folder, for a gateway that was started there. Values that refer to others are left out. */
export function readDotEnv(folder: string, environment: Variables): NodeJS.Dict<string> {
  const read = parse(folder, environment);
  const known = { ...environment, ...read };
  return Object.fromEntries(Object.entries(read).map(([name, value]) => [name, literal(value, known)]));
}

/**
 * Restores in `environment` what Bun has removed from values in this folder's `.env`: it takes `$word` in a password such as
 * `pa$$word` for a variable, quoted or not, and replaces it by nothing if there is none.
 * @param inherited takes precedence over `.env`.
 */
export function keepDollars(environment: NodeJS.Dict<string>, inherited: Variables, folder: string): void {
  for (const [name, value = ''] of Object.entries(parse(folder, inherited))) {
    if (!value.includes('$') || inherited[name] !== undefined) continue;
    // Only where Bun has read the same value that is read here.
    if (environment[name] === withoutVariables(value))
      environment[name] = literal(value, environment) ?? environment[name];
  }
}

/** Without the variables that this folder's `.env` adds to the inherited ones, for a process that reads another folder's. */
export function withoutDotEnv(
  environment: Variables,
  inherited: Variables,
  folder: string,
): NodeJS.Dict<string> {
  const added = Object.keys(parse(folder, inherited)).filter((name) => inherited[name] === undefined);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !added.includes(name)));
}

/** The value that Bun makes of it if none of the variables exists. */
function withoutVariables(value: string): string {
  return value.replaceAll(/\\(\$)|\$\w+/g, '$1');
}

/** A value that is only the name of a variable, in the characters that such names have. */
const REFERENCE = /^\$[A-Z_][A-Z0-9_]*$/;

/** Returns undefined for a value that refers to a variable: in braces, by an existing name, or as a value that is only a name. */
function literal(value: string | undefined, known: Variables): string | undefined {
  if (value !== undefined && REFERENCE.test(value)) return undefined;
  const unescaped = value?.replaceAll('\\$', '') ?? '';
  const names = [...unescaped.matchAll(/\$(\w+)/g)].map(([, name = '']) => name);
  if (unescaped.includes('${') || names.some((name) => known[name] !== undefined)) return undefined;
  return value?.replaceAll('\\$', '$');
}

/** All files that Bun reads in the folder; later ones take precedence. https://bun.com/docs/runtime/environment-variables */
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
    // The file is absent or not readable for this user: what it would set is then reported as missing.
    return {};
  }
}
