// How commands read the configuration that `--config` names, and how they report its problems.
import { formatProblem, type LoadedConfig, type LoadOptions, loadConfig } from '../config/load.ts';
import { placeFlags, stringFlag } from './arguments.ts';
import type { CliContext, ParsedArguments } from './command.ts';
import { createCredentialLookup } from './credential-lookup.ts';

export function loadFromFlags(input: ParsedArguments, context: CliContext): LoadedConfig {
  return loadConfig(loadOptions(input, context));
}

export function loadOptions(
  input: ParsedArguments,
  context: Pick<CliContext, 'environment' | 'directory'>,
  overrides: NonNullable<LoadOptions['overrides']> = placeFlags(input),
): LoadOptions {
  const path = stringFlag(input, 'config');
  const { environment, directory } = context;
  const credential = createCredentialLookup(environment);
  return { environment, directory, overrides, credential, ...(path !== undefined && { path }) };
}

export interface DescribedProblem {
  fails: boolean;
  message: string;
  /** The same, preceded by its severity. */
  line: string;
}

/** Every problem, one line each, the worst first. */
export function describeProblems({ problems, path }: LoadedConfig): DescribedProblem[] {
  const failing = problems.filter((problem) => problem.severity !== 'warning');
  const warnings = problems.filter((problem) => problem.severity === 'warning');
  return [...failing, ...warnings].map((problem) => {
    const fails = problem.severity !== 'warning';
    const message = formatProblem(problem, path);
    return { fails, message, line: `${fails ? 'error' : 'warning'}: ${message}` };
  });
}
