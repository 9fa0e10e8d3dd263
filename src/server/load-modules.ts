// Loads the modules that a configuration names as transformers, or reports what is wrong with them.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { homeDirectory } from '../config/load.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { ResolvedConfig } from '../config/resolved.ts';
import { stampOf } from '../config/watch.ts';
import { createWebHost } from '../gateway/host.ts';
import type { TransformerModule } from '../transformers/user-module.ts';
import { loadModule } from './module-host.ts';
import { messageOf } from '../model/thrown.ts';

/** The file of a module. @param directory the configuration file's: relative paths start there. */
export function moduleFile({ file }: TransformerModule, directory: string): string {
  return file.startsWith('~/') ? resolve(homeDirectory(), file.slice(2)) : resolve(directory, file);
}

/** Loads the code of every module of `config`. If there is any problem, none of them is kept. */
export async function loadModules(config: ResolvedConfig, directory: string): Promise<ConfigProblem[]> {
  const clock = createWebHost();
  const loading = config.transformers.modules.map(async (module): Promise<ConfigProblem[]> => {
    const { options, timeLimitMs, path } = module;
    const file = moduleFile(module, directory);
    const url = pathToFileURL(file).href;
    const refuse = (reason: string): ConfigProblem[] => [
      { severity: 'fatal', path: [...path], message: `${module.file} does not load: ${reason}` },
    ];
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isFile() !== true)
      return refuse(`${file} is ${found === undefined ? 'not there' : 'no file'}`);
    module.stamp = stampOf(file);
    try {
      module.code = await loadModule({ url, options, timeLimitMs, clock });
      return [];
    } catch (thrown) {
      return refuse(messageOf(thrown));
    }
  });
  const problems = (await Promise.all(loading)).flat();
  if (problems.length > 0) retireModules(config);
  return problems;
}

/** Ends the threads of a configuration that serves no new request, each when its last exchange has ended. */
export function retireModules({ transformers }: ResolvedConfig): void {
  for (const { code } of transformers.modules) code?.retire();
}
