// What a client has in its hands after one answer, in words that belong to no wire format and not to src.

export interface Call {
  id: string;
  name: string;
  /** Parsed; the text itself where it is no JSON. */
  arguments: unknown;
}

/** Tokens. `input` is the fresh part of the prompt, `output` includes `reasoning`. */
export interface Counts {
  input: number;
  cacheRead: number;
  cacheWrite: number;
  output: number;
  reasoning: number;
}

export interface Answer {
  text: string;
  reasoning: string;
  /** What must go back with the reasoning next turn: signatures and encrypted blocks, in order. */
  seals: string[];
  refusal: string;
  calls: Call[];
  /** The client dialect's own word. */
  finish: string | null;
  /** Null where the provider stated none. */
  usage: Counts | null;
}

export const NO_COUNTS: Counts = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };

export function parseArguments(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
