// Codex as a client. https://github.com/openai/codex
import { type HeaderReader, headerText } from '../../model/headers.ts';
import { asObject } from '../../model/json/json.ts';
import type { ClientErrors } from '../dialect.ts';
import { buildError, clientMessage } from './errors.ts';

/**
 * Whether it is Codex: by the program's name (`codex_exec`, `codex_tui`, `codex_cli_rs`), which programs built on it replace, or by the
 * description of the turn, which newer versions send.
 */
export function isCodex(headers: HeaderReader): boolean {
  return /^codex/i.test(headers.get('originator') ?? '') || headers.get('x-codex-turn-metadata') !== null;
}

const TOO_MANY_REQUESTS = 429;

/**
 * Codex waits as long as `retry-after` says, even a day, without showing why ("Reconnecting... 1/5"); without the header it says that it
 * has retried often enough, and after a 402 too; of `insufficient_quota` it says that the user's plan is used up. At the limit of a plan of
 * OpenAI's it stops at once and shows the words of this header.
 * https://github.com/openai/codex/blob/main/codex-rs/codex-api/src/api_bridge.rs
 */
export const codexErrors: ClientErrors = {
  buildError(error) {
    const built = buildError(error);
    if (!error.isUsedUp) return built;
    return { ...built, error: { ...asObject(built.error), type: 'usage_limit_reached' } };
  },
  statusOf: (error) => (error.isUsedUp ? TOO_MANY_REQUESTS : error.status),
  errorHeaders: (error): Record<string, string> =>
    error.isUsedUp ? { 'x-codex-promo-message': headerText(withoutDot(clientMessage(error))) } : {},
};

/** Codex appends ", or try again later." */
function withoutDot(message: string): string {
  return message.endsWith('.') ? message.slice(0, -1) : message;
}
