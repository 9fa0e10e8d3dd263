// The answer that is kept for the audit: whole from whatever chunks it came in, cut where its room ends.
import { heapStats } from 'bun:jsc';
import { describe, expect, test } from 'bun:test';
import { BodyCapture } from '../../../src/gateway/record/body-capture.ts';
import { DIALECT_IDS } from '../../../src/model/dialect-id.ts';
import { RECORDED_AS } from '../../support/client-requests.ts';
import { recordings } from '../../support/recordings.ts';

const CAP = 1024 * 1024;
const encoder = new TextEncoder();

function captured(chunks: readonly Uint8Array[], cap = CAP): string {
  const capture = new BodyCapture(cap);
  for (const chunk of chunks) capture.take(chunk);
  return capture.text();
}

function pieces(body: Uint8Array, lengthOf: (index: number) => number): Uint8Array[] {
  const cut: Uint8Array[] = [];
  for (let at = 0, index = 0; at < body.length; index++) {
    const length = lengthOf(index);
    cut.push(body.subarray(at, at + length));
    at += length;
  }
  return cut;
}

describe.each(DIALECT_IDS.map((id) => [id] as const))('every recorded stream comes back: %s', (dialect) => {
  const bodies = recordings(RECORDED_AS[dialect], { streamed: true }).map(({ body }) => body);

  test('there are some', () => expect(bodies.length).toBeGreaterThan(0));

  test.each([
    ['whole', (_: number) => Number.POSITIVE_INFINITY],
    ['in pieces of 1 byte', (_: number) => 1],
    ['in pieces of 1024', (_: number) => 1024],
    ['in pieces of 1025', (_: number) => 1025],
    ['in uneven pieces', (index: number) => 1 + ((index * 7919) % 300)],
  ])('%s', (_, lengthOf) => {
    for (const body of bodies) {
      expect(captured(pieces(body, lengthOf))).toBe(new TextDecoder().decode(body));
    }
  });

  test('event by event', () => {
    for (const body of bodies) {
      const text = new TextDecoder().decode(body);
      expect(captured(text.split(/(?<=\n\n)/).map((event) => encoder.encode(event)))).toBe(text);
    }
  });
});

describe('chunks that resemble each other', () => {
  test.each([
    ['the same again', ['abc', 'abc', 'abc']],
    ['a part of the one before', ['abcabc', 'abc', 'abcabc']],
    ['one letter, many times', ['aaaa', 'aa', 'aaaaaa', 'a', 'aaa']],
    ['begins and ends alike', ['<a>1</a>', '<a>22</a>', '<a></a>', '<a>1</a>']],
    ['nothing in common', ['abc', 'xyz']],
    ['longer than the first room, and then only zeros', ['a'.repeat(600), '\0'.repeat(600)]],
    ['empty ones between', ['abc', '', 'abd']],
    ['none', []],
  ])('%s', (_, texts) => {
    expect(captured(texts.map((text) => encoder.encode(text)))).toBe(texts.join(''));
  });

  test('long ones, which are kept as they are, among short ones', () => {
    const long = 'long'.repeat(2_000);
    const texts = ['abc', 'abd', long, long, 'abd', '', 'abe', `${long}é`, 'abe', 'é'.repeat(600), 'abf'];
    expect(captured(texts.map((text) => encoder.encode(text)))).toBe(texts.join(''));
  });

  test('longer than a number of the header', () => {
    const text = 'é'.repeat(100_000);
    expect(captured([encoder.encode(text), encoder.encode(text)])).toBe(text + text);
  });
});

test.each([
  ['short events', 40],
  ['events of some hundred bytes', 400],
])('%s that differ in a few letters take little memory', (_, length) => {
  const EVENTS = 40_000;
  const buffers = () => {
    Bun.gc(true);
    return heapStats().extraMemorySize;
  };
  const before = buffers();
  const capture = new BodyCapture(Number.MAX_SAFE_INTEGER);
  const head = 'h'.repeat(length / 2);
  const tail = 't'.repeat(length / 2);
  for (let event = 0; event < EVENTS; event++)
    capture.take(encoder.encode(`${head}${String(event).padStart(5, '0')}${tail}`));
  // At most five letters and six bytes that say where they belong, in blocks that are not all full.
  expect(buffers() - before).toBeLessThan(EVENTS * 16);
  expect(capture.text()).toHaveLength(EVENTS * (length + 5));
});

test('a long chunk is not copied', () => {
  const chunks = Array.from({ length: 100 }, () => encoder.encode('c'.repeat(16_384)));
  const before = heapStats().extraMemorySize;
  const capture = new BodyCapture(Number.MAX_SAFE_INTEGER);
  for (const chunk of chunks) capture.take(chunk);
  expect(heapStats().extraMemorySize - before).toBeLessThan(16_384);
  expect(capture.text()).toHaveLength(chunks.length * 16_384);
});

describe('the cap', () => {
  test.each([[0], [1], [7], [8], [9], [1000]])('%d bytes', (cap) => {
    const chunks = Array.from({ length: 50 }, (_, index) => `event ${index}\n\n`);
    const kept = captured(
      chunks.map((chunk) => encoder.encode(chunk)),
      cap,
    );
    expect(kept).toBe(chunks.join('').slice(0, cap));
  });

  test('in the middle of a long chunk', () => {
    const chunks = ['begin', 'l'.repeat(8_000), 'more'];
    const kept = captured(
      chunks.map((chunk) => encoder.encode(chunk)),
      7_000,
    );
    expect(kept).toBe(chunks.join('').slice(0, 7_000));
  });
});
