// The fault `drip`: the same bytes, but a few at a time, at the pace of tokens.
import type { SimulatorOptions } from './options.ts';
import type { Step } from './script.ts';

const textEncoder = new TextEncoder();

/** Returns the script unchanged where `drip` is not set. */
export function* dribble(
  script: Generator<Step, void, void>,
  { fault, tokensPerSecond }: SimulatorOptions,
): Generator<Step, void, void> {
  if (fault?.kind !== 'drip') return yield* script;
  const perPiece = 1_000 / tokensPerSecond;
  let due = 0;
  for (const step of script) {
    if (step.type !== 'send' && step.type !== 'send-bytes') {
      yield step;
      continue;
    }
    const bytes = step.type === 'send' ? textEncoder.encode(step.text) : step.bytes;
    // A piece is never sent before its token is due.
    due = Math.max(due, step.due);
    for (let at = 0; at < bytes.length; at += fault.bytes) {
      yield { type: 'send-bytes', due, bytes: bytes.slice(at, at + fault.bytes) };
      due += perPiece;
    }
  }
}
