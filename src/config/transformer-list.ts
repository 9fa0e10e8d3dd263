// The list of transformers, as it may stand on a provider, on a rule and in `routing`.
import { z } from 'zod';
import { transformerEntry } from '../transformers/entry.ts';
import { suggestion } from './nearest.ts';

const entry = transformerEntry(suggestion);

export function transformerList() {
  return z.array(entry);
}
