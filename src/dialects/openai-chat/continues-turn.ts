// Which servers certainly continue a final turn of the assistant, so that an interrupted answer can be continued: those whose documentation
// says so. Others may answer anew, which would be passed on as the rest.
import type { NeutralRequest } from '../../model/request.ts';
import type { BuildOptions } from '../dialect.ts';
import type { TurnContinued } from '../quirks.ts';
import { thinkingOf } from './model-thinking.ts';
import { isOff } from '../shared/settings/thinking-off.ts';

/**
 * In the form that `markPrefill` and `orderMessages` request. Not while the model thinks, since it may then not continue the turn.
 * Sources: https://api-docs.deepseek.com/guides/chat_prefix_completion,
 * https://platform.kimi.ai/docs/guide/use-partial-mode-feature-of-kimi-api,
 * https://help.aliyun.com/en/model-studio/partial-mode,
 * https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html,
 * https://console.groq.com/docs/prompting (any text model), https://docs.mistral.ai/api (`prefix`: the answer is made to
 * begin with it; that streams repeat it too: https://github.com/vercel/ai/pull/3256). OpenRouter passes the turn to the
 * model's provider, and some of those refuse it (Claude since 4.6, Gemini since 3.6) or start over.
 */
export function continuesTurn(
  { reasoning }: NeutralRequest,
  { model, quirks, baseUrl = '' }: Pick<BuildOptions, 'model' | 'quirks' | 'baseUrl'>,
): TurnContinued | undefined {
  const { prefill, restartsPrefill } = quirks;
  if (prefill !== 'repeats' && typeof prefill !== 'object') return undefined;
  if (restartsPrefill?.test(model) === true) return undefined;
  const { at, notThinking } = prefill === 'repeats' ? {} : prefill;
  if (at !== undefined && at.baseUrl !== baseUrl && !at.instead.includes(baseUrl)) return undefined;
  const { thinks } = thinkingOf(model, quirks);
  if (thinks === 'always') return undefined;
  // With `notThinking`, thinking that nobody asked for is turned off.
  const isQuiet = reasoning === undefined && (thinks === undefined || notThinking === true);
  if (!isOff(reasoning) && !isQuiet) return undefined;
  return prefill === 'repeats' ? 'all' : 'rest';
}
