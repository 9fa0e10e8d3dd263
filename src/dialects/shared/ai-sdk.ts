// Vercel's AI SDK as a client. https://ai-sdk.dev
import type { HeaderReader } from '../../model/headers.ts';

/** Its providers, the community's too, are named in the user agent: `ai/7.0.1 ai-sdk/google/4.0.1`. */
export function isAiSdk(headers: HeaderReader): boolean {
  return /(^|\s)ai-sdk\//.test(headers.get('user-agent') ?? '');
}
