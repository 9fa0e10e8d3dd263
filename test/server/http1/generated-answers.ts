// HTTP/1.1 answers made at random, sound and broken, in all ways in which servers write them.
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { createRandom, randomSplit } from '../../support/splits.ts';

export interface GeneratedAnswer {
  method: 'GET' | 'POST' | 'HEAD';
  /** What the server sends, one write each; then it closes the connection. */
  pieces: Uint8Array[];
  /** For messages. */
  about: string;
}

type Random = () => number;

const pick = <Value>(random: Random, values: readonly Value[]): Value =>
  values[Math.floor(random() * values.length)] as Value;
const chance = (random: Random, share: number) => random() < share;

const STATUS_LINES = [
  'HTTP/1.1 200 OK',
  'HTTP/1.1 200 ',
  'HTTP/1.1 201 Created and more',
  'HTTP/1.1 206 Partial Content',
  'HTTP/1.1 302 Found',
  'HTTP/1.1 400 Bad: 9 (really)',
  'HTTP/1.1 404 Not Found',
  'HTTP/1.1 429 Too Many Requests',
  'HTTP/1.1 500 Internal Server Error',
  'HTTP/1.1 529 Overloaded',
  'HTTP/1.0 200 OK',
];
const WITHOUT_BODY = ['HTTP/1.1 204 No Content', 'HTTP/1.1 304 Not Modified'];
const NAMES = [
  'X-A',
  'x-b',
  'Content-Type',
  'Request-Id',
  'x_under',
  'Retry-After',
  'Via',
  'X-Long',
  'Server',
];
const ENCODINGS = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
  none: (bytes: Uint8Array) => Buffer.from(bytes),
} as const;

function fieldValue(random: Random): string {
  const length = pick(random, [0, 1, 5, 40, 900]);
  const text = Array.from({ length }, () => String.fromCharCode(0x21 + Math.floor(random() * 94)));
  if (length > 3 && chance(random, 0.5)) text[2] = ' ';
  return text.join('');
}

function fields(random: Random): string[] {
  return Array.from({ length: Math.floor(random() * 10) }, () => {
    const before = pick(random, [' ', '', '  ', '\t']);
    const behind = pick(random, ['', '', ' ', ' \t']);
    return `${pick(random, NAMES)}:${before}${fieldValue(random)}${behind}`;
  });
}

function bodyOf(random: Random): Buffer {
  const length = pick(random, [0, 1, 17, 300, 5_000, 70_000]);
  // Bytes that look like framing are among them.
  const words = ['data: {"a":1}\n\n', '\r\n', '0\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n', 'ünï', '\0\xff', 'abc'];
  const parts: string[] = [];
  for (let size = 0; size < length; size += parts.at(-1)?.length ?? 0) parts.push(pick(random, words));
  return Buffer.from(parts.join(''), 'latin1').subarray(0, length);
}

function chunked(random: Random, body: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length; ) {
    const size = Math.min(body.length - at, 1 + Math.floor(random() ** 3 * 20_000));
    const digits = size.toString(16);
    const written = chance(random, 0.3) ? digits.toUpperCase().padStart(6, '0') : digits;
    // A space before the semicolon, which RFC 9112 allows, is too much for fetch.
    const extension = chance(random, 0.1) ? pick(random, [';a=b', ';x', ';q="s"']) : '';
    parts.push(Buffer.from(`${written}${extension}\r\n`), body.subarray(at, at + size), Buffer.from('\r\n'));
    at += size;
  }
  const trailers = chance(random, 0.2) ? 'x-trailer: 1\r\nx-more:2\r\n' : '';
  parts.push(Buffer.from(`0\r\n${trailers}\r\n`));
  return Buffer.concat(parts);
}

/** What may go wrong with an answer that was sound. */
const DEFECTS: Record<string, (random: Random, answer: Buffer) => Buffer> = {
  'cut short': (random, answer) => answer.subarray(0, Math.floor(random() * answer.length)),
  'cut by a byte': (_, answer) => answer.subarray(0, answer.length - 1),
  'a length too large': (_, answer) => replaced(answer, /content-length: (\d+)/, 'content-length: 9$1'),
  'a length that is none': (_, answer) => replaced(answer, /content-length: \d+/, 'content-length: 1x'),
  'two lengths': (_, answer) =>
    replaced(answer, /content-length: (\d+)/, 'content-length: $1\r\ncontent-length: 1$1'),
  'a chunk too long': (_, answer) => replaced(answer, /(\r\n\r\n)([1-9a-f])/, '$1' + '1$2'),
  'a chunk without size': (_, answer) => replaced(answer, /(\r\n\r\n)[0-9a-fA-F]+/, '$1xyz'),
  'no HTTP': (_, answer) => Buffer.concat([Buffer.from('HTTP/9 what\r\n'), answer]),
  'a line that is no field': (_, answer) => replaced(answer, /\r\n/, '\r\nno field at all\r\n'),
};

function replaced(answer: Buffer, what: RegExp, by: string): Buffer {
  return Buffer.from(answer.toString('latin1').replace(what, by), 'latin1');
}

export function generateAnswer(seed: number): GeneratedAnswer {
  const random = createRandom(seed);
  const method = pick(random, ['POST', 'POST', 'POST', 'GET', 'HEAD'] as const);
  const hasBody = method !== 'HEAD' && chance(random, 0.9);
  const line = hasBody ? pick(random, STATUS_LINES) : pick(random, [...STATUS_LINES, ...WITHOUT_BODY]);
  const isBodiless = method === 'HEAD' || WITHOUT_BODY.includes(line);
  const encoding = pick(random, Object.keys(ENCODINGS) as (keyof typeof ENCODINGS)[]);
  const plain = bodyOf(random);
  const packed =
    encoding === 'deflate' && chance(random, 0.3) ? deflateRawSync(plain) : ENCODINGS[encoding](plain);
  // HTTP/1.0 knows no chunks.
  const framings = line.startsWith('HTTP/1.0')
    ? ['length', 'close']
    : ['length', 'chunked', 'chunked', 'close'];
  const framing = pick(random, framings);
  const head = [
    line,
    ...fields(random),
    ...(encoding === 'none' ? [] : [`content-encoding: ${encoding}`]),
    ...(framing === 'length' ? [`content-length: ${packed.length}`] : []),
    ...(framing === 'chunked' ? [`transfer-encoding: ${pick(random, ['chunked', 'Chunked'])}`] : []),
    ...fields(random),
    ...(chance(random, 0.5) ? ['connection: close'] : []),
  ];
  const early = chance(random, 0.1) ? 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n' : '';
  const body = isBodiless ? Buffer.alloc(0) : framing === 'chunked' ? chunked(random, packed) : packed;
  const sound = Buffer.concat([Buffer.from(`${early}${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
  const defect = chance(random, 0.35) ? pick(random, Object.keys(DEFECTS)) : 'sound';
  const isTold =
    // Of an answer without a body its length means nothing to us; fetch takes offence.
    !(isBodiless && defect === 'a length that is none') &&
    // The runtime tells fetch, but nobody else, that a body of zstd is cut short.
    !(encoding === 'zstd' && framing === 'close' && defect.startsWith('cut'));
  const sent = (isTold ? DEFECTS[defect]?.(random, sound) : undefined) ?? sound;
  const split = randomSplit(seed, pick(random, [8, 200, 5_000, 200_000]));
  return {
    method,
    pieces: sent.length > 20_000 ? randomSplit(seed, 50_000).cut(sent) : split.cut(sent),
    about: `seed ${seed}: ${method}, ${line}, ${framing}, ${encoding}, ${defect}`,
  };
}
