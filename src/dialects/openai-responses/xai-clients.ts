// Clients that read xAI's form of Responses.
import type { HeaderReader } from '../../model/headers.ts';

/**
 * The AI SDK's provider for xAI, which from its version 4 on speaks Responses and ends in a validation error over reasoning without a
 * status. https://github.com/vercel/ai/tree/main/packages/xai (`xai-responses-api.ts`)
 */
export function isXaiProvider(headers: HeaderReader): boolean {
  return /(^|\s)ai-sdk\/xai\//.test(headers.get('user-agent') ?? '');
}
