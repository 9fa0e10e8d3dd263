// GitHub Copilot's CLI and SDK as clients, which say no name of their own. https://github.com/github/copilot-sdk
import type { HeaderReader } from '../../model/headers.ts';

/**
 * They say with each request whether the person or the agent began it. Reasoning behind a message begins another message for
 * them, which stays empty and which `sendAndWait` returns (CLI 1.0.102, SDK 1.0.14).
 */
export function isCopilot(headers: HeaderReader): boolean {
  return headers.has('x-initiator');
}
