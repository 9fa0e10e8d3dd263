// GitHub Copilot's CLI and SDK as clients, which do not name themselves. https://github.com/github/copilot-sdk
import type { HeaderReader } from '../../model/headers.ts';

/**
 * Each request says whether the user or the agent began it. If reasoning follows a message, they begin another message, which stays empty,
 * and which `sendAndWait` returns (CLI 1.0.102, SDK 1.0.14).
 */
export function isCopilot(headers: HeaderReader): boolean {
  return headers.has('x-initiator');
}
