// Resolves configurations as a start does, without files.
import { parseConfig } from '../../src/config/parse.ts';
import { formatKeyPath } from '../../src/config/problem.ts';
import { type Resolution, resolveConfig } from '../../src/config/resolve.ts';
import type { ResolveSources } from '../../src/config/resolve-server.ts';

/** A valid file and an environment → what is made of them, and said about them. */
export function resolve(
  raw: unknown,
  environment: Record<string, string> = {},
  more: Partial<ResolveSources> = {},
): Resolution & { said: string[]; names: string[] } {
  const { file, problems } = parseConfig(raw);
  if (file === null) throw new Error(`not a valid file: ${JSON.stringify(problems)}`);
  const readFile = () => {
    throw new Error('no files here');
  };
  const resolution = resolveConfig(file, { environment, readFile, credential: null, ...more });
  return {
    ...resolution,
    said: resolution.problems.map(
      ({ severity, path, message }) => `${severity} ${formatKeyPath(path)}: ${message}`,
    ),
    names: resolution.config.providers.map((provider) => provider.name),
  };
}
