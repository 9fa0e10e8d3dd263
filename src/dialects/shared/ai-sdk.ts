// Vercel's AI SDK as a client. https://ai-sdk.dev
import type { HeaderReader } from '../../model/headers.ts';

/**
 * Whether the client is any version of the AI SDK. Later versions name the provider with hyphens, and only in streams:
 * `ai-sdk-google/4.0.121 ai-sdk-provider-utils/5.0.81`, `ai/7.0.173 ai-sdk-provider-utils/5.0.81`.
 */
export function isAnyAiSdk(headers: HeaderReader): boolean {
  return /(^|\s)ai-sdk[-/]/.test(headers.get('user-agent') ?? '');
}

/**
 * Whether it is a version that overlooks errors in streams. Its user agent names the provider, the community's too: `ai/7.0.1
 * ai-sdk/google/4.0.1`.
 */
export function isAiSdk(headers: HeaderReader): boolean {
  return /(^|\s)ai-sdk\//.test(headers.get('user-agent') ?? '');
}
