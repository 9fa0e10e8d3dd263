// The framing of answers, without sockets: every answer whole, byte by byte and cut at random gives the same.
import { describe, expect, test } from 'bun:test';
import type { HeaderList } from '../../../src/model/header-list.ts';
import { MalformedAnswer } from '../../../src/server/http1/response-head.ts';
import { ResponseParser } from '../../../src/server/http1/response-parser.ts';
import { FIRST_SEED, ONE_BYTE_PIECES, randomSplit, randomSplits, WHOLE } from '../../support/splits.ts';
import { BAD_ANSWERS, GOOD_ANSWERS } from './answers.ts';

/** Byte by byte too: a head of 64 KB in single bytes takes no longer than it has bytes. */
const SPLITS = [WHOLE, ONE_BYTE_PIECES, ...randomSplits(5), randomSplit(FIRST_SEED + 5, 2_000)];

/** What a parser tells of an answer in these pieces. */
function parse(pieces: readonly Uint8Array[], method: string, closes: boolean) {
  const seen = { status: 0, headers: {} as Record<string, string>, body: '', calls: [] as string[] };
  const parser = new ResponseParser({
    head(status: number, headers: HeaderList) {
      seen.calls.push('head');
      seen.status = status;
      headers.forEach((value, name) => {
        seen.headers[name] = value;
      });
    },
    chunk(bytes) {
      if (seen.calls.at(-1) !== 'chunk') seen.calls.push('chunk');
      if (bytes.length === 0) seen.calls.push('an empty chunk');
      seen.body += Buffer.from(bytes).toString('latin1');
    },
    end: () => seen.calls.push('end'),
  });
  parser.expect(method);
  let thrown: unknown;
  let closedWell: boolean | undefined;
  try {
    // The parser may write into what it is given.
    for (const piece of pieces) parser.push(Buffer.from(piece));
    if (closes) closedWell = parser.close();
  } catch (error) {
    thrown = error;
  }
  return { ...seen, thrown, closedWell, reusable: parser.isReusable };
}

describe('answers', () => {
  for (const { name, method = 'GET', sent, status, headers = {}, body, closes, reusable } of GOOD_ANSWERS)
    test(name, () => {
      for (const split of SPLITS) {
        const pieces = split.cut(Buffer.from(sent, 'latin1'));
        const seen = parse(pieces, method, closes === true);
        expect([split.name, seen.thrown]).toEqual([split.name, undefined]);
        expect([split.name, seen.status, seen.body]).toEqual([split.name, status, body]);
        expect(seen.headers).toMatchObject(headers);
        expect(seen.calls).toEqual(body === '' ? ['head', 'end'] : ['head', 'chunk', 'end']);
        expect([split.name, seen.reusable]).toEqual([split.name, reusable]);
        if (closes) expect(seen.closedWell).toBe(true);
      }
    });
});

describe('no answers', () => {
  for (const { name, method = 'GET', sent, closes, failsIn } of BAD_ANSWERS)
    test(name, () => {
      for (const split of SPLITS) {
        const seen = parse(split.cut(Buffer.from(sent, 'latin1')), method, closes === true);
        if (closes && seen.thrown === undefined)
          expect([split.name, seen.closedWell]).toEqual([split.name, false]);
        else expect([split.name, seen.thrown]).toEqual([split.name, expect.any(MalformedAnswer)]);
        expect(seen.calls).not.toContain('end');
        expect(seen.calls.includes('head')).toBe(failsIn === 'body');
      }
    });
});

describe('one connection', () => {
  test('serves one answer after another', () => {
    const bodies: string[] = [];
    let body = '';
    const parser = new ResponseParser({
      head: () => {
        body = '';
      },
      chunk: (bytes) => {
        body += Buffer.from(bytes).toString('latin1');
      },
      end: () => bodies.push(body),
    });
    const kept = GOOD_ANSWERS.filter(({ reusable }) => reusable);
    for (const { method = 'GET', sent } of kept) {
      parser.expect(method);
      for (const piece of randomSplits(1)[0]?.cut(Buffer.from(sent, 'latin1')) ?? [])
        parser.push(Buffer.from(piece));
      expect(parser.isReusable).toBe(true);
    }
    expect(bodies).toEqual(kept.map(({ body }) => body));
  });

  test('is not used again once something came that was not requested', () => {
    const parser = new ResponseParser({ head() {}, chunk() {}, end() {} });
    parser.expect('GET');
    parser.push(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
    expect(parser.isReusable).toBe(true);
    parser.push(Buffer.from('HTTP/1.1 408 Request Timeout\r\n'));
    expect(parser.isReusable).toBe(false);
  });

  test('reports how long the server keeps it', () => {
    const keepAlive = (...lines: string[]) => {
      const parser = new ResponseParser({ head() {}, chunk() {}, end() {} });
      parser.expect('GET');
      parser.push(Buffer.from(['HTTP/1.1 200 OK', 'content-length: 0', ...lines, '', ''].join('\r\n')));
      return parser.keepAliveMs;
    };
    expect(keepAlive()).toBeNull();
    expect(keepAlive('keep-alive: timeout=5, max=100')).toBe(5_000);
    expect(keepAlive('Keep-Alive: max=100, Timeout=60')).toBe(60_000);
    expect(keepAlive('keep-alive: nonsense')).toBeNull();
  });
});
