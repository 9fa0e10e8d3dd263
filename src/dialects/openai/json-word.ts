// OpenAI, DeepSeek, Qwen and Groq refuse requests for JSON without a schema unless a message contains the word "JSON", in
// upper or lower case; clients of Gemini need not send it.
import type { Part } from '../../model/content.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { LossReport } from '../shared/loss-report.ts';

/** The instruction to add, and report, where the word is missing. @param told the messages that the server checks. */
export function missingJsonWord(
  { outputFormat }: NeutralRequest,
  told: Iterable<readonly Part[]>,
  losses: LossReport,
): string | undefined {
  if (outputFormat?.type !== 'json') return undefined;
  for (const parts of told)
    if (parts.some((part) => part.type === 'text' && /json/i.test(part.text))) return undefined;
  losses.approximated(
    'response_format',
    'an instruction is added, since servers require the word JSON in the prompt',
  );
  return 'Answer with JSON.';
}
