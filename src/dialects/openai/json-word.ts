// OpenAI, DeepSeek, Qwen and Groq refuse requests for JSON without a schema unless a message contains the word "JSON", in any case; clients
// of Gemini need not write it.
import type { Part } from '../../model/content.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';

/**
 * The instruction to add (and report) if the word is missing. Only what precedes the model's first answer decides: otherwise a later turn
 * with the word would remove the instruction from the beginning of the prompt, and the whole conversation would be read, and paid for,
 * again.
 *
 * @param instructions in which the server looks for the word as well.
 */
export function missingJsonWord(
  { outputFormat, messages }: NeutralRequest,
  instructions: readonly Part[],
  losses: LossReport,
): string | undefined {
  if (outputFormat?.type !== 'json') return undefined;
  const answered = messages.findIndex(({ role }) => role === 'assistant');
  const asked = answered === -1 ? messages : messages.slice(0, answered);
  const texts = [instructions, ...asked.map(({ parts }) => parts)];
  if (texts.some(saysJson)) return undefined;
  losses.approximated(
    'response_format',
    'an instruction is added, since servers require the word JSON in the prompt',
  );
  return 'Answer with JSON.';
}

function saysJson(parts: readonly Part[]): boolean {
  return parts.some((part) => part.type === 'text' && /json/i.test(part.text));
}
