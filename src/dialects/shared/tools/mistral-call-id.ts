// Ids of calls as Mistral's models take them, at Mistral and on Bedrock: "must be a-z, A-Z, 0-9, with a length of 9".
// https://docs.mistral.ai/capabilities/function_calling, https://github.com/vercel/ai/issues/11802
import { fnv1a } from '../../../model/hash.ts';

const FORM = /^[a-zA-Z0-9]{9}$/;

/** The same id for a call and its result, and different ids for different calls. */
export function mistralCallId(id: string): string {
  // A hash of 32 bits has at most 7 digits in base 36.
  return FORM.test(id) ? id : `id${fnv1a(id).toString(36).padStart(7, '0')}`;
}
