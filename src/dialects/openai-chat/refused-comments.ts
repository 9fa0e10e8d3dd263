// Clients that fail at a comment within a stream, which others ignore.
import type { HeaderReader } from '../../model/headers.ts';

/**
 * Azure's `azure-ai-inference` for Python fails with “SSE event not supported” at any line that is not data, but ignores a chunk without
 * choices. https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/ai/azure-ai-inference/azure/ai/inference/models/_patch.py
 */
export function refusesComments(headers: HeaderReader): boolean {
  return /(^|\s)azsdk-python-ai-inference\//.test(headers.get('user-agent') ?? '');
}
