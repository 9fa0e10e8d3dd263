// Vercel's AI SDK as a client. https://ai-sdk.dev
import type { HeaderReader } from '../../model/headers.ts';

/**
 * Whether it is any of its versions. Later ones name the provider with hyphens, and in streams alone:
 * `ai-sdk-google/4.0.121 ai-sdk-provider-utils/5.0.81`, `ai/7.0.173 ai-sdk-provider-utils/5.0.81`.
 */
export function isAnyAiSdk(headers: HeaderReader): boolean {
  return /(^|\s)ai-sdk[-/]/.test(headers.get('user-agent') ?? '');
}

/** Versions that overlook errors in streams. Its providers, the community's too, are named in the user agent: `ai/7.0.1 ai-sdk/google/4.0.1`. */
export function isAiSdk(headers: HeaderReader): boolean {
  return /(^|\s)ai-sdk\//.test(headers.get('user-agent') ?? '');
}
