// `npm run bench:codecs`: the pump of every wire and client dialect alone, in one process, without sockets.
// --write keeps the result in docs/benchmarks-codecs.md, --quick measures for a short time.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findCircumstances } from './circumstances.ts';
import { measureArgument, measureLength, measureSpeed } from './codecs/measure.ts';
import { PAIRS } from './codecs/pair.ts';
import { asMarkdown, asText, describeCircumstances, type Table } from './report.ts';

/** Events a second that the slowest pair must reach. */
const TARGET = 150_000;
const STREAM_MB = 64;
const ARGUMENT_MB = 20;

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
});
const rounds = values.quick ? 3 : 9;
const scale = values.quick ? 1 / 8 : 1;

const number = (value: number, digits = 0) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const rows: string[][] = [];
let slowest = { name: '', events: Number.POSITIVE_INFINITY };
for (const pair of PAIRS) {
  const speed = await measureSpeed(pair, rounds);
  const length = await measureLength(pair, STREAM_MB * scale);
  const argument = await measureArgument(pair, ARGUMENT_MB * scale);
  const name = `${pair.wire} → ${pair.client}`;
  if (speed.eventsPerSecond < slowest.events) slowest = { name, events: speed.eventsPerSecond };
  const row = [
    name,
    number(speed.eventsPerSecond),
    number(speed.megabytesPerSecond),
    number(speed.bytesPerEvent),
    number(length.timeRatio, 2),
    number(length.heldMegabytes, 1),
    argument === undefined ? '–' : number(argument.timeRatio, 2),
    argument === undefined ? '–' : number(argument.heldMegabytes, 1),
  ];
  rows.push(row);
  console.log(row.join('  '));
}

const table: Table = [
  [
    'provider → client',
    'events/s',
    'MB/s',
    'bytes allocated per event',
    `${STREAM_MB} MB stream: time per byte × ${STREAM_MB / 8} MB`,
    'held more, MB',
    `${ARGUMENT_MB} MB argument: time per byte × ${ARGUMENT_MB / 4} MB`,
    'held more, MB',
  ],
  ...rows,
];
const verdict = `The slowest pair is ${slowest.name}: ${number(slowest.events)} events/s, target ${number(TARGET)}: ${
  slowest.events >= TARGET ? 'reached' : 'not reached'
}.`;
console.log(`\n${asText(table)}\n\n${verdict}`);
if (values.write) {
  // Time is the processor's own, so that no core is kept free for it.
  const circumstances = { ...findCircumstances('npm run bench:codecs -- --write', []), pinned: false };
  writeFileSync(join(import.meta.dir, '..', 'docs', 'benchmarks-codecs.md'), page(circumstances));
}

function page(circumstances: ReturnType<typeof findCircumstances>): string {
  return `# Benchmarks of the codecs

Written by \`npm run bench:codecs -- --write\`: only the pump of each pair, with the observer that decodes a copy for the ledger, one
event per chunk, on one core. On the same dialect bytes pass; otherwise events are decoded, sequenced and encoded again.
Medians of ${rounds} rounds of 5,000 events. The length of a stream must not affect the cost of an event (1.00 is linear; the noise of
the machine is about ±0.2) or the memory held, with two exceptions that clients require: \`openai-responses\`
clients get all text and arguments once more at the end, and \`gemini\` and \`ollama-chat\` clients accept only whole calls. \`–\`: the wire sends
arguments whole.

${asMarkdown([['', ''], ...describeCircumstances(circumstances)])}

${verdict}

${asMarkdown(table)}
`;
}
