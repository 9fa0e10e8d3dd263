// Forced calls for models that refuse them while they think, and whether they do think.
import type { ModelThinking } from '../../quirks.ts';
import type { LossReport } from '../losses/loss-report.ts';
import { ANY_TOOL, THINKING_OFF } from '../losses/substitutes.ts';

/** Whether a request asks for thinking; undefined: it does not say. */
export type AskedThinking = 'on' | 'off' | undefined;

export function mayThink(asked: AskedThinking, { thinks }: ModelThinking): boolean {
  return asked === 'on' || thinks === 'always' || (asked === undefined && thinks !== undefined);
}

/**
 * What becomes of a forced call. Thinking that nobody asked for is turned off (`thinking-off`). Thinking that was asked for, or cannot be
 * turned off, leaves it to the model which tool it calls (`any-tool`), or whether it calls one (`open`, which the caller reports).
 * https://github.com/deepseek-ai/DeepSeek-V3/issues/1376
 * @param forced any tool (`required`), or a named one. @param offered the number of tools.
 */
export function adaptForcedCall(
  forced: 'required' | 'tool',
  asked: AskedThinking,
  { thinks, refuses = [] }: ModelThinking,
  offered: number,
  losses: LossReport,
): 'kept' | 'thinking-off' | 'any-tool' | 'open' {
  if (!refuses.includes(forced)) return 'kept';
  if (thinks !== 'always') {
    if (asked === 'off' || (asked === undefined && thinks === undefined)) return 'kept';
    if (asked === undefined) {
      losses.approximated('tool_choice', THINKING_OFF);
      return 'thinking-off';
    }
  }
  if (refuses.includes('required')) return 'open';
  if (offered > 1) losses.approximated('tool_choice', ANY_TOOL);
  return 'any-tool';
}
