// What a program passes to the library's `stream`.
import type { z } from 'zod';
import { GatewayError } from '../../model/errors.ts';
import type { NeutralRequest } from '../../model/request.ts';

/** A neutral request of which only model and messages must be given. */
export type Ask = Pick<NeutralRequest, 'model' | 'messages'> & Partial<NeutralRequest>;

/** @throws GatewayError `invalid_request` naming the first invalid field. */
export async function requestOf(ask: Ask): Promise<NeutralRequest> {
  const { askSchema } = await import('./ask-schema.ts');
  const { success, error } = askSchema.safeParse(ask);
  if (!success) throw new GatewayError('invalid_request', error.issues.slice(0, 1).map(problemOf).join());
  // The program's own objects, not a copy of a long conversation.
  return { ...ask, system: ask.system ?? [], tools: ask.tools ?? [], stream: true };
}

function problemOf({ path, message }: z.core.$ZodIssue): string {
  const where = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return `${where.replace(/^\./, '') || 'the request'}: ${message.replace(/^Invalid [^:.]*[:.] ?/, '')}`;
}
