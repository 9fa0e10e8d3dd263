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

/** What has been told before anything has. */
export function emptyAnswer(): Answer {
  return { text: '', reasoning: '', seals: [], refusal: '', calls: [], finish: null, usage: null };
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

/** A provider's own token, out of the mark and the entry in which another dialect's clients carry it; '' for none. */
export function unsealed(wire: string): string {
  if (wire === 'sluice:unsealed') return '';
  const token = wire.replace(/^sluice:[a-z-]+:(place:|separate:)?/, '').replace(/:redacted$/, '');
  if (token === wire || !token.startsWith('{')) return token;
  const entry: { signature?: string; data?: string; encrypted_content?: string } = JSON.parse(token);
  return entry.encrypted_content ?? entry.signature ?? entry.data ?? '';
}

/** A call's id, and the provider's token that rides on it where a client's calls have no field for one. */
export function splitCallId(wire: string): { id: string; seals: string[] } {
  const [id = '', carried] = wire.split('__sluice_');
  if (carried === undefined) return { id, seals: [] };
  const token = atob(carried.replaceAll('-', '+').replaceAll('_', '/'));
  return { id, seals: [token.replace(/^[a-z-]+:/, '')] };
}
