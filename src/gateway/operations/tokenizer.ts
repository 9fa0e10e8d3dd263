// Loads `gpt-tokenizer` at the first estimate, since its table of tokens takes 80 MB.
import { findPackages, loadPackage } from '../../model/lazy-package.ts';

type Tokenizer = typeof import('gpt-tokenizer/encoding/o200k_base');

findPackages('gpt-tokenizer/encoding/o200k_base');

/** Rejects as `loadPackage` does. */
export function loadTokenizer(): Promise<Tokenizer> {
  return loadPackage(
    'the tokenizer, which estimates the length of a prompt,',
    () => import('gpt-tokenizer/encoding/o200k_base'),
  );
}
