// The simulator's settings, read from the model name (docs/simulator.md): `fast`, `tokens=200,rate=100`…
import { GatewayError } from '../model/errors.ts';
import { type Fault, parseFault } from './fault.ts';

export interface SimulatorOptions {
  /** `echo` repeats the last user text and nothing else; `text` never calls a tool. */
  mode: 'answer' | 'echo' | 'text';
  /** Infinity means no pauses. */
  tokensPerSecond: number;
  firstTokenMs: number;
  /** The length of a text answer in tokens; undefined for its natural length. */
  answerTokens: number | undefined;
  /** The length of the thinking in tokens; undefined for its natural length. */
  thinkingTokens: number | undefined;
  fault: Fault | undefined;
}

// At this pace an answer is comfortable to read and visibly streams.
const DEFAULTS: SimulatorOptions = {
  mode: 'answer',
  tokensPerSecond: 50,
  firstTokenMs: 300,
  answerTokens: undefined,
  thinkingTokens: undefined,
  fault: undefined,
};

const PRESETS: Record<string, Partial<SimulatorOptions>> = {
  fast: { tokensPerSecond: Number.POSITIVE_INFINITY, firstTokenMs: 0 },
  slow: { tokensPerSecond: 5, firstTokenMs: 2_000 },
  echo: { mode: 'echo' },
  text: { mode: 'text' },
};

// More is a typing error rather than a test: a stream of a million tokens takes 5 hours at the default pace.
const MOST_TOKENS = 1_000_000;
const LONGEST_WAIT_MS = 3_600_000;

const PARAMETERS: Record<string, (value: string) => Partial<SimulatorOptions>> = {
  tokens: (value) => ({ answerTokens: readNumber('tokens', value, 1, MOST_TOKENS) }),
  thinking: (value) => ({ thinkingTokens: readNumber('thinking', value, 0, MOST_TOKENS) }),
  rate: (value) => ({
    tokensPerSecond:
      value === 'max' ? Number.POSITIVE_INFINITY : readNumber('rate', value, 0.01, MOST_TOKENS, false),
  }),
  ttft: (value) => ({ firstTokenMs: readNumber('ttft', value, 0, LONGEST_WAIT_MS) }),
  fault: (value) => ({ fault: parseFault(value) }),
};

/**
 * Settings from text such as `fast,tokens=200,fault=cut:5`; a leading `simulator/` is ignored, and so is
 * any word that is not a setting, since every model name works. Throws `invalid_request` for a parameter
 * (`key=value`) that does not exist or has a bad value.
 */
export function parseSimulatorOptions(...texts: string[]): SimulatorOptions {
  let options = DEFAULTS;
  for (const text of texts) {
    for (const word of text.replace(/^simulator\//, '').split(',')) {
      options = { ...options, ...readWord(word.trim()) };
    }
  }
  return options;
}

function readWord(word: string): Partial<SimulatorOptions> {
  const equals = word.indexOf('=');
  if (equals < 0) return Object.hasOwn(PRESETS, word) ? (PRESETS[word] ?? {}) : {};
  const key = word.slice(0, equals);
  const read = Object.hasOwn(PARAMETERS, key) ? PARAMETERS[key] : undefined;
  if (read === undefined) {
    const known = Object.keys(PARAMETERS).join(', ');
    throw new GatewayError('invalid_request', `no parameter \`${key}\`; there are ${known}`);
  }
  return read(word.slice(equals + 1));
}

function readNumber(key: string, value: string, least: number, most: number, whole = true): number {
  const number = value === '' ? Number.NaN : Number(value);
  if (number >= least && number <= most && (!whole || Number.isInteger(number))) return number;
  throw new GatewayError(
    'invalid_request',
    `\`${key}=${value}\` must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}`,
  );
}
