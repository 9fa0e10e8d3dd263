// The configuration with the code that it names: the user's own transformer modules.
import { dirname } from 'node:path';
import { type LoadedConfig, type LoadedProblem, type LoadOptions, loadConfig } from '../../config/load.ts';
import { loadModules } from '../../server/load-modules.ts';

/** Never rejects: errors are listed in `problems`. */
export async function loadWithCode(options: LoadOptions): Promise<LoadedConfig> {
  const loaded = loadConfig(options);
  const { config, lineOf } = loaded;
  if (config === null) return loaded;
  const problems = await loadModules(config, moduleDirectory(loaded, options));
  if (problems.length === 0) return loaded;
  const located = problems.map((problem): LoadedProblem => {
    const line = lineOf(problem.path);
    return line === undefined ? problem : { ...problem, line };
  });
  return { ...loaded, config: null, problems: [...loaded.problems, ...located] };
}

/** The folder that paths of modules are relative to. */
export function moduleDirectory({ path }: Pick<LoadedConfig, 'path'>, { directory }: LoadOptions): string {
  return path === null ? directory : dirname(path);
}
