// Parses the command line into a command's flags and operands.
import { parseArgs } from 'node:util';
import { suggestion } from '../model/nearest.ts';
import { MAX_WORKERS } from '../config/resolved.ts';
import { type Command, type Flag, type ParsedArguments, UsageError } from './command.ts';

/** Flags that every command takes. */
export const COMMON_FLAGS: Readonly<Record<string, Flag>> = {
  help: { summary: 'Print this help.', short: 'h' },
  version: { summary: 'Print the version.' },
};

/** Throws UsageError for anything that the command does not know. */
export function parseArguments(
  args: string[],
  command: Pick<Command, 'flags' | 'operands' | 'passesRest'>,
): ParsedArguments {
  if (command.passesRest) return parsePassing(args, command);
  const known: Record<string, Flag> = { ...command.flags, ...COMMON_FLAGS };
  const options = Object.fromEntries(
    Object.entries(known).map(([name, flag]) => [
      name,
      {
        type: flag.value === undefined ? ('boolean' as const) : ('string' as const),
        ...(flag.short !== undefined && { short: flag.short }),
      },
    ]),
  );
  // Not strict, since the messages of strict parsing suggest nothing.
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  const parsed: ParsedArguments = { flags: {}, operands: [] };
  for (const token of tokens) {
    if (token.kind === 'positional') parsed.operands.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (flag === undefined) {
      throw new UsageError(`unknown flag ${token.rawName}${flagHint(token.name, Object.keys(known))}`);
    }
    parsed.flags[token.name] = flagValue(token.rawName, flag, token.value);
  }
  const surplus = parsed.operands[command.operands?.length ?? 0];
  if (surplus !== undefined) {
    throw new UsageError(`unexpected "${surplus}"`);
  }
  return parsed;
}

/** Flags that people try with commands for a running gateway, which take its whole address. */
const PARTS_OF_URL: readonly string[] = ['port', 'host', 'address'];

/** Returns ` (did you mean "--port"?)`, also for `-p` if no other flag begins like that, or nothing. */
function flagHint(name: string, known: readonly string[]): string {
  if (PARTS_OF_URL.includes(name) && known.includes('url')) return ' (did you mean "--url"?)';
  const letter = name.length === 1 ? name.toLowerCase() : undefined;
  const begun = letter === undefined ? [] : known.filter((flag) => flag.startsWith(letter));
  const [only] = begun;
  if (begun.length === 1) return ` (did you mean "--${only}"?)`;
  return suggestion(name, known).replace('"', '"--');
}

/** Flags before the first operand are the command's; what follows stays untouched. */
function parsePassing(args: string[], { flags }: Pick<Command, 'flags'>): ParsedArguments {
  let at = 0;
  while (args[at]?.startsWith('-')) {
    const [, name = ''] = /^--([^=]+)$/.exec(args[at] ?? '') ?? [];
    at += Object.hasOwn(flags, name) && flags[name]?.value !== undefined ? 2 : 1;
  }
  const own = parseArguments(args.slice(0, at), { flags });
  return { flags: own.flags, operands: args.slice(at) };
}

function flagValue(rawName: string, flag: Flag, value: string | undefined): string | true {
  if (flag.value === undefined) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
    return true;
  }
  if (value === undefined || value === '')
    throw new UsageError(`${rawName} needs a value: ${rawName} ${flag.value}`);
  return value;
}

/** The action that the command's first operand names. Throws UsageError that lists the actions. */
export function chosenAction<T>(
  command: string,
  operand: string | undefined,
  actions: Readonly<Record<string, T>>,
): T {
  const action = operand !== undefined && Object.hasOwn(actions, operand) ? actions[operand] : undefined;
  if (action !== undefined) return action;
  const names = Object.keys(actions);
  const hint = operand === undefined ? '' : `, not "${operand}"${suggestion(operand, names)}`;
  throw new UsageError(`${command} needs one of: ${names.join(', ')}${hint}`);
}

/** The value of a flag that takes one. */
export function stringFlag(input: ParsedArguments, name: string): string | undefined {
  const value = input.flags[name];
  return value === true ? undefined : value;
}

/** Throws UsageError where the value is not a count; `words` say what is accepted. */
export function countFlag(
  input: ParsedArguments,
  name: string,
  { least = 1, words = `a number from ${least} to 999999` }: { least?: 0 | 1; words?: string } = {},
): number | undefined {
  const value = stringFlag(input, name);
  if (value === undefined) return undefined;
  if (/^(0|[1-9]\d{0,5})$/.test(value) && Number(value) >= least) return Number(value);
  throw new UsageError(`--${name} must be ${words}`);
}

/** Throws UsageError where the value is not a number above zero. */
export function numberFlag(input: ParsedArguments, name: string): number | undefined {
  const value = stringFlag(input, name);
  if (value === undefined) return undefined;
  if (Number(value) > 0 && Number.isFinite(Number(value))) return Number(value);
  throw new UsageError(`--${name} must be a number above zero`);
}

/** The address as given, without a trailing slash. Throws UsageError where it is not an address. */
export function urlFlag(input: ParsedArguments, name: string): string | undefined {
  const value = stringFlag(input, name);
  if (value === undefined) return undefined;
  const url = URL.parse(value);
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '')
    return value.replace(/\/+$/, '');
  throw new UsageError(
    `--${name} must be an http or https address such as http://127.0.0.1:8088, not "${value}"`,
  );
}

/** Throws UsageError where the value is not a port. */
export function portFlag(input: ParsedArguments): number | undefined {
  const value = stringFlag(input, 'port');
  if (value === undefined) return undefined;
  const port = Number(value);
  if (/^\d+$/.test(value) && port <= 65_535) return port;
  throw new UsageError('--port must be a number from 0 to 65535');
}

/** What replaces `server.host` and `server.port`. Throws UsageError. */
export function placeFlags(input: ParsedArguments): { host?: string; port?: number } {
  const host = stringFlag(input, 'host');
  const port = portFlag(input);
  return { ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
}

/** Throws UsageError where the value is neither a count nor `all`. */
export function workersFlag(input: ParsedArguments): number | 'all' | undefined {
  if (stringFlag(input, 'workers') === 'all') return 'all';
  const words = `"all" or a number from 1 to ${MAX_WORKERS}`;
  const workers = countFlag(input, 'workers', { words });
  if (workers !== undefined && workers > MAX_WORKERS) throw new UsageError(`--workers must be ${words}`);
  return workers;
}
