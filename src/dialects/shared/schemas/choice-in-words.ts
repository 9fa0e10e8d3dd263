// An answer that is one of several texts, for wire formats without a field for that: as a value of a schema it would come in quotation
// marks.
import type { NeutralRequest } from '../../../model/request.ts';
import { formatInstruction } from './described-schema.ts';
import type { LossReport } from '../losses/loss-report.ts';
import { AS_INSTRUCTION } from '../losses/substitutes.ts';

/** The request with the choice in its instructions; unchanged if it asks for none. */
export function withChoiceInWords(request: NeutralRequest, losses: LossReport): NeutralRequest {
  const { outputFormat, ...rest } = request;
  if (outputFormat?.type !== 'choice') return request;
  losses.approximated('response_format', AS_INSTRUCTION);
  return { ...rest, system: [...rest.system, { type: 'text', text: formatInstruction(outputFormat) }] };
}
