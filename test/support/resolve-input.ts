// The configuration that the gateway runs on, of what a file would say.
import { parseConfig } from '../../src/config/parse.ts';
import { type Resolution, resolveConfig } from '../../src/config/resolve.ts';

/** Throws Error where the input is not valid. */
export function resolveInput(input: unknown, environment: Record<string, string> = {}): Resolution {
  const { file, problems } = parseConfig(input);
  if (file === null) throw new Error(`not a valid configuration: ${JSON.stringify(problems)}`);
  return resolveConfig(file, { environment, readFile: () => '', credential: null });
}
