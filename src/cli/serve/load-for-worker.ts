// The configuration of a worker that its primary could not give it, because there is code in it.
import type { ResolvedConfig } from '../../config/resolved.ts';
import type { CliContext, ParsedArguments } from '../command.ts';
import { loadOptions } from '../config-flags.ts';
import { loadWithCode } from './load-with-code.ts';

/** Null where it is not sound: the primary has told why. */
export async function loadForWorker(
  input: ParsedArguments,
  context: CliContext,
  served: { host: string; port: number },
): Promise<ResolvedConfig | null> {
  return (await loadWithCode(loadOptions(input, context, served))).config;
}
