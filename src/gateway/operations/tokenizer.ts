// `gpt-tokenizer`, whose table of tokens takes 80 MB: it is loaded by the first estimate, not by the gateway.
import { GatewayError } from '../../model/errors.ts';

const PACKAGE = 'gpt-tokenizer/encoding/o200k_base';

type Tokenizer = typeof import('gpt-tokenizer/encoding/o200k_base');

// Bun keeps a search that failed for good, also one that failed because the process could open no more files: the search is
// made at the start, when it can.
try {
  import.meta.resolve(PACKAGE);
} catch {
  // Not installed: the first estimate says so.
}

/** Rejects with a GatewayError `overloaded` where it cannot be loaded; the next call tries anew. */
export async function loadTokenizer(): Promise<Tokenizer> {
  try {
    return await import('gpt-tokenizer/encoding/o200k_base');
  } catch (cause) {
    const message =
      'the tokenizer could not be loaded, which estimates the length of a prompt: if this process has reached its limit of ' +
      'open files and connections, raise it (ulimit -n, LimitNOFILE=), or let fewer clients connect; otherwise install Sluice again';
    throw new GatewayError('overloaded', message, { cause });
  }
}
