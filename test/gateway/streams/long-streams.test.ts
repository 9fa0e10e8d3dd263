// However long a stream is, the gateway holds no more of it: what a client's dialect says only whole, or says again at
// the end, aside.
import { beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { join } from 'node:path';
import type { Held } from '../../../bench/codecs/held.ts';
import { PAIRS, type Pair } from '../../../bench/codecs/pair.ts';
import { callStream } from '../../../bench/codecs/streams.ts';
import { TEST_TIMEOUT_MS } from '../../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const KILOBYTE = 1_000;
const SHORT = 250;
const LONG = 16 * SHORT;
/** Of an answer's text, Gemini's decoder keeps the first million characters, to place citations in it; as much again to spare. */
const KEPT = 2_000 * KILOBYTE;
/** Bytes of a character that is kept: two where a string has them so, and half of that to spare. */
const BYTES_KEPT = 3;

/** @param keeps whether a client's dialect needs all that came. */
function expectBounded(
  kind: 'text' | 'argument',
  pairs: readonly Pair[],
  keeps: (pair: Pair) => boolean,
): void {
  let all: Held[] = [];
  beforeAll(async () => {
    const script = join(import.meta.dir, '../../../bench/codecs/held.ts');
    const child = Bun.spawn([process.execPath, script, kind, ...[SHORT, LONG, KILOBYTE].map(String)]);
    all = JSON.parse(await new Response(child.stdout).text());
  });

  for (const { wire, client } of pairs) {
    test(`${wire} → ${client}`, () => {
      const held = all.find(({ pair }) => pair.wire === wire && pair.client === client);
      // Each event goes on when it comes, but for arguments that a dialect has only whole.
      if (kind === 'text') expect(held?.given).toEqual([SHORT, LONG]);
      const whole = keeps({ wire, client }) ? (LONG - SHORT) * KILOBYTE * BYTES_KEPT : 0;
      expect((held?.long ?? Number.NaN) - (held?.short ?? 0)).toBeLessThan(whole + KEPT);
    });
  }
}

describe('text', () => {
  // Responses' last events hold the whole text once more.
  expectBounded('text', PAIRS, ({ wire, client }) => client === 'openai-responses' && wire !== client);
});

describe('an argument', () => {
  const pairs = PAIRS.filter(({ wire }) => callStream(wire, 'x') !== undefined);
  const tellsItWhole = (client: Pair['client']) =>
    client === 'openai-responses' || client === 'gemini' || client === 'ollama-chat';
  expectBounded('argument', pairs, ({ wire, client }) => wire !== client && tellsItWhole(client));
});
