// A built-in transformer as a row of data: its name, its options, and the function that creates it from them.
import type { z } from 'zod';
import type { Transformer } from './transformer.ts';

export interface TransformerRow {
  readonly name: string;
  /** One line for the docs. */
  readonly summary: string;
  /** The options that may be given beside `name`. */
  readonly options: z.ZodObject;
  /** Options that are tables of secret references. */
  readonly secretOptions?: readonly string[];
  /** @param options valid, and with defaults filled in. */
  create(options: unknown): Transformer;
}

/** Ties the schema of the options to the type that `create` takes. */
export function defineTransformer<Options extends z.ZodObject>(definition: {
  name: string;
  summary: string;
  options: Options;
  secretOptions?: readonly (keyof z.output<Options> & string)[];
  create(options: z.output<Options>): Omit<Transformer, 'name' | 'options'>;
}): TransformerRow {
  const { name, summary, options, secretOptions = [], create } = definition;
  return {
    name,
    summary,
    options,
    secretOptions,
    create(given) {
      const parsed = options.parse(given);
      return { name, options: parsed, ...create(parsed) };
    },
  };
}
