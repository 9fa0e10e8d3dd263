// Which servers surely go on with a turn of the assistant that ends the conversation, so that an answer that broke can be
// gone on with: those that are asked to in words of their own. Others may answer anew, which would be told as the rest.
import type { NeutralRequest } from '../../model/request.ts';
import type { BuildOptions } from '../dialect.ts';
import { thinkingOf } from './model-thinking.ts';

/** As `markPrefill` asks. Not while the model thinks: what it says then is not known to go on with the turn. */
export function continuesTurn(
  { reasoning }: NeutralRequest,
  { model, quirks, baseUrl = '' }: Pick<BuildOptions, 'model' | 'quirks' | 'baseUrl'>,
): boolean {
  const { prefill, answersAnew } = quirks;
  if (typeof prefill !== 'object' || answersAnew?.test(model) === true) return false;
  const { at, notThinking } = prefill;
  if (at !== undefined && at.baseUrl !== baseUrl && !at.instead.includes(baseUrl)) return false;
  const { thinks } = thinkingOf(model, quirks);
  if (thinks === 'always') return false;
  if (reasoning?.mode === 'off' || reasoning?.effort === 'none') return true;
  // With `notThinking`, thinking that nobody asked for is turned off.
  return reasoning === undefined && (thinks === undefined || notThinking === true);
}
