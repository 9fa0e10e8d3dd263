// `redact`: replaces text that matches a pattern, in requests and in answers, also while they stream.
import { z } from 'zod';
import { compilePatterns, PATTERN_FLAGS, PatternError } from './pattern/program.ts';
import { replaceMatches } from './pattern/replace.ts';
import { createAnswerRedaction, type Redaction } from './redact-answer.ts';
import { redactRequest } from './redact-request.ts';
import { defineTransformer } from './row.ts';
import type { Transformer } from './transformer.ts';

const DEFAULT_WINDOW = 256;

const options = z
  .strictObject({
    patterns: z
      .array(z.string().min(1))
      .min(1)
      .describe('JavaScript regular expressions without lookaround and back-references.'),
    flags: z
      .string()
      .regex(PATTERN_FLAGS, { error: 'expected flags out of i, m, s and u, each once' })
      .default('')
      .describe('Flags for all patterns: `i`, `m`, `s`, `u`.'),
    replacement: z.string().default('[redacted]').describe('Replacement for a match.'),
    direction: z
      .enum(['both', 'request', 'answer'])
      .default('both')
      .describe('What is searched: requests, answers or both.'),
    tools: z
      .boolean()
      .default(false)
      .describe(
        'Also search the strings in the arguments of tool calls and in the results of provider-run tools.',
      ),
    window: z
      .number()
      .int()
      .min(1)
      .max(65_536)
      .default(DEFAULT_WINDOW)
      .describe(
        'Most characters that are examined, and held back in a stream, to decide on a match; a match that needs more is missed.',
      ),
  })
  .superRefine(({ patterns, flags, window }, context) => {
    // Wrong flags and a wrong window are reported already.
    if (!PATTERN_FLAGS.test(flags) || window < 1) return;
    for (const [index, pattern] of patterns.entries()) {
      try {
        compilePatterns([pattern], flags, window);
      } catch (thrown) {
        if (!(thrown instanceof PatternError)) throw thrown;
        context.addIssue({ code: 'custom', path: ['patterns', index], message: thrown.message });
      }
    }
  });

export const redact = defineTransformer({
  name: 'redact',
  summary: 'Replaces what matches a pattern, also in streamed text.',
  options,
  create({ patterns, flags, window, replacement, direction, tools }) {
    const program = compilePatterns(patterns, flags, window);
    const replace = (text: string) => replaceMatches(program, window, text, replacement);
    const redaction: Redaction = { program, window, replacement, tools, replace };
    const steps: Pick<Transformer, 'request' | 'answer'> = {
      request: (request, context) => redactRequest(request, redaction, context),
      answer: (context) => createAnswerRedaction(redaction, context),
    };
    if (direction === 'both') return steps;
    return { [direction]: steps[direction] };
  },
});
