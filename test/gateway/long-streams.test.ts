// However long a stream is, the gateway holds no more of it: what a client's dialect repeats at the end aside.
import { beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Held } from '../../bench/codecs/held.ts';
import { PAIRS } from '../../bench/codecs/pair.ts';

const KILOBYTE = 1_000;
const SHORT = 250;
const LONG = 16 * SHORT;
/** Of an answer's text, Gemini's decoder keeps the first million characters, to place citations in it. */
const KEPT = 1_500 * KILOBYTE;

let all: Held[] = [];
beforeAll(async () => {
  const script = join(import.meta.dir, '../../bench/codecs/held.ts');
  const child = Bun.spawn([process.execPath, script, ...[SHORT, LONG, KILOBYTE].map(String)]);
  all = JSON.parse(await new Response(child.stdout).text());
}, 120_000);

for (const { wire, client } of PAIRS) {
  test(`${wire} → ${client}`, () => {
    const held = all.find(({ pair }) => pair.wire === wire && pair.client === client);
    // Each event goes on when it comes.
    expect(held?.given).toEqual([SHORT, LONG]);
    // Responses' last events hold the whole text once more.
    const text = client === 'openai-responses' && wire !== client ? (LONG - SHORT) * KILOBYTE : 0;
    expect((held?.long ?? Number.NaN) - (held?.short ?? 0)).toBeLessThan(text + KEPT);
  });
}
