// One entry of a `transformers` list: the forms it may be written in, and how its mistakes are described.
import { z } from 'zod';
import { parseDuration } from '../model/duration.ts';
import { findTransformer, TRANSFORMERS } from './registry.ts';

/** An entry after the list was validated. Its `options` are not yet checked. */
export interface TransformerEntry {
  name: string;
  options: Record<string, unknown>;
}

/** The name of an entry in the schema and in the docs. */
export const TRANSFORMER = 'TRANSFORMER';

const MODULE_PATH = /^(\.{1,2}|~)?\//;

/** A module is written as a path, so that it cannot be mistaken for a name. */
export function isModulePath(name: string): boolean {
  return MODULE_PATH.test(name);
}

const DEFAULT_TIME_LIMIT_MS = 1_000;
const LONGEST_TIME_LIMIT_MS = 60_000;

/** JSON Schema of a module with options; all but these two belong to the module. */
export const MODULE_ENTRY = {
  type: 'object',
  description:
    'Path of your own module, relative to the configuration file, such as `./house-style.ts`. It gets the other options of its entry.',
  properties: {
    name: { type: 'string', pattern: MODULE_PATH.source },
    time_limit: {
      type: 'string',
      title: 'duration',
      default: '1s',
      description: 'Longest time for one of its calls, up to `60s`; a longer one fails the request.',
    },
  },
  required: ['name'],
};

/** Separates the one option that does not belong to the module; it is 0 where it cannot be read. */
export function splitModuleOptions({ time_limit: limit, ...options }: Record<string, unknown>): {
  options: Record<string, unknown>;
  timeLimitMs: number;
} {
  if (limit === undefined) return { options, timeLimitMs: DEFAULT_TIME_LIMIT_MS };
  return { options, timeLimitMs: (typeof limit === 'string' ? parseDuration(limit) : undefined) ?? 0 };
}

/** How the configuration describes what is wrong with an entry. */
interface EntryWords {
  /** A hint at the name that was probably meant, or '' if there is none. */
  suggest(name: string, known: readonly string[]): string;
  /** @param raw the whole value that was checked. @param unknown the message for an unknown key. */
  describe(
    issue: z.core.$ZodIssue,
    raw: unknown,
    unknown: (path: readonly PropertyKey[], key: string) => string,
  ): { path: readonly PropertyKey[]; message: string }[];
}

export function transformerEntry(words: EntryWords) {
  return z
    .union([z.string().min(1), z.looseObject({ name: z.string().min(1) })], {
      error: 'expected the name of a transformer, ./a-module.ts, or an object with name and options',
    })
    .transform((entry): TransformerEntry => {
      if (typeof entry === 'string') return { name: entry, options: {} };
      const { name, ...options } = entry;
      return { name, options };
    })
    .superRefine(({ name, options }, context) => {
      for (const { path, message } of entryProblems(name, options, words))
        context.addIssue({ code: 'custom', path: [...path], message });
    })
    .meta({
      id: TRANSFORMER,
      // Built only when the JSON Schema is needed: it takes 10 ms, and a server does not use it.
      get anyOf() {
        return entryShapes();
      },
    });
}

function entryProblems(
  name: string,
  options: Record<string, unknown>,
  { suggest, describe }: EntryWords,
): { path: readonly PropertyKey[]; message: string }[] {
  if (isModulePath(name)) {
    const { timeLimitMs } = splitModuleOptions(options);
    if (timeLimitMs > 0 && timeLimitMs <= LONGEST_TIME_LIMIT_MS) return [];
    return [{ path: ['time_limit'], message: 'expected a duration such as 500ms, up to 60s' }];
  }
  const row = findTransformer(name);
  if (row === undefined) {
    const known = TRANSFORMERS.map((other) => other.name);
    const message = `no transformer is named "${name}"${suggest(name, known)}; there are: ${known.join(', ')}, and files such as ./my-transformer.ts`;
    return [{ path: [], message }];
  }
  const parsed = row.options.safeParse(options);
  if (parsed.success) return [];
  const known = Object.keys(row.options.shape);
  const has = known.length === 0 ? 'it has none' : `it has: ${known.join(', ')}`;
  const unknown = (_: unknown, key: string) => `has no such option${suggest(key, known)}; ${has}`;
  return parsed.error.issues.flatMap((issue) =>
    describe(issue, options, unknown).map(({ path, message }) => ({ path, message: `${name}: ${message}` })),
  );
}

/** For editors, each transformer with its own options. */
function entryShapes(): object[] {
  const named = TRANSFORMERS.map((row) => {
    const shape = z.strictObject({ name: z.literal(row.name), ...row.options.shape });
    const { $schema: _, ...schema } = z.toJSONSchema(shape, { io: 'input' });
    return { ...withoutOwnReferences(schema), description: row.summary };
  });
  return [
    { enum: TRANSFORMERS.map((row) => row.name) },
    { type: 'string', pattern: MODULE_PATH.source, description: 'A module of your own.' },
    ...named,
    MODULE_ENTRY,
  ];
}

/** Inside the whole schema, references to definitions of this part would lead nowhere: they become schemas of any value. */
function withoutOwnReferences(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (name, value: unknown) => {
    if (name === '$defs') return undefined;
    return typeof value === 'object' && value !== null && '$ref' in value ? {} : value;
  }) as object;
}
