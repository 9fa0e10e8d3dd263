// Codex as a client. https://github.com/openai/codex
import type { HeaderReader } from '../../model/headers.ts';

/** The program's name (`codex_exec`, `codex_tui`, `codex_cli_rs`), which programs built on it replace; newer ones describe the turn. */
export function isCodex(headers: HeaderReader): boolean {
  return /^codex/i.test(headers.get('originator') ?? '') || headers.get('x-codex-turn-metadata') !== null;
}
