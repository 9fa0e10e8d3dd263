// What a program passes to the library's `stream`.
import { GatewayError } from '../../model/errors.ts';
import type { NeutralRequest } from '../../model/request.ts';

/** A neutral request of which only model and messages must be given. */
export type Ask = Pick<NeutralRequest, 'model' | 'messages'> & Partial<NeutralRequest>;

/** @throws GatewayError `invalid_request` naming the first invalid field. */
export async function requestOf(ask: Ask): Promise<NeutralRequest> {
  const { askProblem } = await import('../../model/request-schema.ts');
  const problem = askProblem(ask);
  if (problem !== undefined) throw new GatewayError('invalid_request', problem);
  // Holds the program's own objects instead of copying a long conversation.
  return { ...ask, system: ask.system ?? [], tools: ask.tools ?? [], stream: true };
}
