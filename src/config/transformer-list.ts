// The list of transformers, as allowed on a provider, on a rule and in `routing`.
import { z } from 'zod';
import { transformerEntry } from '../transformers/entry.ts';
import { describeIssue } from './describe-issue.ts';
import { suggestion } from '../model/nearest.ts';

const entry = transformerEntry({ suggest: suggestion, describe: describeIssue });

export function transformerList() {
  return z.array(entry);
}
