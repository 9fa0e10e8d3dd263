// Ids of calls as Converse accepts them: at most 64 letters, digits, dashes and underscores. Mistral's models take fewer.
import { fnv1a } from '../../model/hash.ts';
import { mistralCallId } from '../shared/tools/mistral-call-id.ts';
import { isMistral } from './models.ts';

const LONGEST = 64;

/** The result is the same for a call and its result, and different for different ids. */
export function toolUseId(id: string, model: string): string {
  if (isMistral(model)) return mistralCallId(id);
  const plain = id.replace(/[^\w-]/g, '_');
  if (plain === id && id !== '' && id.length <= LONGEST) return id;
  const mark = `_${fnv1a(id).toString(36)}`;
  return `${(plain || 'call').slice(0, LONGEST - mark.length)}${mark}`;
}
