// `npm run bench:compression`: the bytes that each encoding saves on a stream, and its CPU cost, each event flushed. In one
// process, without sockets; --write keeps the result in docs/benchmarks-compression.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compressStream, ENCODINGS, type Encoding } from '../src/server/compress.ts';
import { findCircumstances } from './circumstances.ts';
import { textStream } from './codecs/streams.ts';
import { asMarkdown, asText, describeCircumstances, type Table } from './report.ts';
import { quantile } from './statistics.ts';

const EVENTS = 5_000;
const ROUNDS = 7;
const WORDS =
  'a gateway tells its client what the provider said and how it ended whatever happens on the way'.split(' ');

/** A stream of one word an event, in the most used dialect. */
function events(): Uint8Array[] {
  return Array.from(
    { length: EVENTS },
    (_, at) => textStream('openai-chat', ` ${WORDS[at % WORDS.length]}${at}`).delta,
  );
}

async function measure(pieces: readonly Uint8Array[], encoding: Encoding | null) {
  let at = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces[at++];
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
  const from = process.cpuUsage();
  let bytes = 0;
  for await (const chunk of encoding === null ? body : compressStream(body, encoding)) bytes += chunk.length;
  const { user, system } = process.cpuUsage(from);
  return { bytes, microseconds: (user + system) / pieces.length };
}

const pieces = events();
const rows: string[][] = [];
let plain = 0;
for (const encoding of [null, ...ENCODINGS]) {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await measure(pieces, encoding));
  const bytes = (rounds[0]?.bytes ?? 0) / EVENTS;
  if (encoding === null) plain = bytes;
  const cpu = quantile(
    rounds.map(({ microseconds }) => microseconds),
    0.5,
  );
  rows.push([
    encoding ?? 'as it is',
    bytes.toFixed(1),
    `${((100 * bytes) / plain).toFixed(0)} %`,
    cpu.toFixed(1),
  ]);
}
const table: Table = [['', 'bytes per event', 'of the bytes', 'CPU µs per event'], ...rows];
console.log(asText(table));
if (process.argv.includes('--write')) {
  const page = `# What compression saves and costs

Written by \`npm run bench:compression -- --write\`: a stream of ${EVENTS} events of one word, compressed as \`server.compression\` does it, each
event flushed as it comes. Medians of ${ROUNDS} rounds. Within one machine bytes cost less than this CPU, so \`auto\` does not compress for
its own clients.

${asMarkdown([['', ''], ...describeCircumstances(findCircumstances('npm run bench:compression -- --write', []))])}

${asMarkdown(table)}
`;
  writeFileSync(join(import.meta.dir, '..', 'docs', 'benchmarks-compression.md'), page);
}
