// The configuration of a worker, where the primary could not pass it on because it contains code.
import type { ResolvedConfig } from '../../config/resolved.ts';
import type { CliContext, ParsedArguments } from '../command.ts';
import { loadOptions } from '../config-flags.ts';
import { loadWithCode } from './load-with-code.ts';

/** Returns null where it is invalid: the primary has reported why. */
export async function loadForWorker(
  input: ParsedArguments,
  context: CliContext,
  served: { host: string; port: number },
): Promise<ResolvedConfig | null> {
  return (await loadWithCode(loadOptions(input, context, served))).config;
}
