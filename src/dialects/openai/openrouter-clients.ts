// OpenRouter's own clients, which take for granted what its server does unasked: how they are told.
import type { HeaderReader } from '../../model/headers.ts';

/**
 * OpenRouter's server states the counts of every stream, whatever was asked for, and a model's thinking in `reasoning` and
 * `reasoning_details` alone: its SDKs and its provider of the AI SDK ask for neither, and read no other field.
 * https://openrouter.ai/docs/use-cases/usage-accounting, https://github.com/OpenRouterTeam/ai-sdk-provider
 */
export function isOpenRouters(headers: HeaderReader | undefined): boolean {
  return OWN.test(headers?.get('user-agent') ?? '');
}

const OWN = /(^|\s)ai-sdk[-/]openrouter\/|^speakeasy-sdk\/.*\bopenrouter(\/sdk)?$/;
