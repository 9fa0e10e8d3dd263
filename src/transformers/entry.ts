// One entry of a `transformers` list: how people write it, and what is wrong with it.
import { z } from 'zod';
import { durationMs } from '../model/duration.ts';
import { findTransformer, TRANSFORMERS } from './registry.ts';

/** An entry as a list has it after validation: `options` are still as written. */
export interface TransformerEntry {
  name: string;
  options: Record<string, unknown>;
}

/** What an entry is called in the schema and in the docs. */
export const TRANSFORMER = 'TRANSFORMER';

/** A file is written as a path, so that no name can be taken for one. */
export function isModulePath(name: string): boolean {
  return /^(\.{1,2}|~)?\//.test(name);
}

const DEFAULT_TIME_LIMIT_MS = 1_000;
const LONGEST_TIME_LIMIT_MS = 60_000;

/** The one option of a module that is not its own; 0 where it cannot be read. */
export function splitModuleOptions({ time_limit: limit, ...options }: Record<string, unknown>): {
  options: Record<string, unknown>;
  timeLimitMs: number;
} {
  if (limit === undefined) return { options, timeLimitMs: DEFAULT_TIME_LIMIT_MS };
  return { options, timeLimitMs: (typeof limit === 'string' ? durationMs(limit) : undefined) ?? 0 };
}

/** `suggest`: a hint at the name that was probably meant, or ''. */
export function transformerEntry(suggest: (name: string, known: readonly string[]) => string) {
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
      for (const { path, message } of entryProblems(name, options, suggest))
        context.addIssue({ code: 'custom', path, message });
    })
    .meta({
      id: TRANSFORMER,
      // Made when the JSON Schema is: it takes 10 ms, and a server has no use for it.
      get anyOf() {
        return entryShapes();
      },
    });
}

function entryProblems(
  name: string,
  options: Record<string, unknown>,
  suggest: (name: string, known: readonly string[]) => string,
): { path: PropertyKey[]; message: string }[] {
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
  return parsed.error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys')
      return [{ path: issue.path, message: `${name}: ${issue.message.replace(/^Invalid input: /, '')}` }];
    const has = known.length === 0 ? 'it has none' : `it has: ${known.join(', ')}`;
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: `${name} has no such option${suggest(key, known)}; ${has}`,
    }));
  });
}

/** For editors: each transformer with its own options. */
function entryShapes(): object[] {
  const named = TRANSFORMERS.map((row) => {
    const shape = z.strictObject({ name: z.literal(row.name), ...row.options.shape });
    const { $schema: _, ...schema } = z.toJSONSchema(shape, { io: 'input' });
    return { ...schema, description: row.summary };
  });
  return [
    { enum: TRANSFORMERS.map((row) => row.name) },
    { type: 'string', pattern: '^(\\.{1,2}|~)?/', description: 'A module of your own.' },
    ...named,
    {
      type: 'object',
      properties: { name: { type: 'string', pattern: '^(\\.{1,2}|~)?/' }, time_limit: { type: 'string' } },
      required: ['name'],
    },
  ];
}
