// Claude Code as a client.
import type { HeaderReader } from '../../model/headers.ts';
import type { ClientErrors } from '../dialect.ts';
import { buildError, OVERLOADED, statusOf } from './errors.ts';

export function isClaudeCode(headers: HeaderReader): boolean {
  return headers.has('x-claude-code-session-id');
}

const UNAVAILABLE = 503;

/**
 * At the first 5xx that is not Anthropic's 529, Claude Code (2.1.332) switches to its `--fallback-model` for the rest of the session,
 * although a gateway that restarts is back in a moment. At a 529 it waits and asks again, and switches only at the third.
 */
export const claudeCodeErrors: ClientErrors = {
  buildError,
  statusOf(error) {
    const status = statusOf(error);
    return status === UNAVAILABLE ? OVERLOADED : status;
  },
  errorHeaders: () => ({}),
};
