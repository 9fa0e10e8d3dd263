// OpenAI, DeepSeek, Qwen and Groq refuse to be asked for JSON of no schema where no message has the word, in any case of
// its letters; clients of Gemini need none.
import type { Part } from '../../model/content.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { LossReport } from '../shared/loss-report.ts';

/** What is said beside where the word is wanted and missing; names that. @param told what the server looks at */
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
