// The list of transformers, as allowed on a provider, on a rule and in `routing`.
import { z } from 'zod';
import { transformerEntry } from '../transformers/entry.ts';
import { wordsOf } from './issue-words.ts';
import { suggestion } from './nearest.ts';

const entry = transformerEntry({ suggest: suggestion, describe: wordsOf });

export function transformerList() {
  return z.array(entry);
}
