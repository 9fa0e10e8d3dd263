// Several hundred answers made at random, read by our client and by the runtime's fetch: they agree, or both fail.
import { describe, expect, test } from 'bun:test';
import { FIRST_SEED } from '../../support/splits.ts';
import { type GeneratedAnswer, generateAnswer } from './generated-answers.ts';
import { createLab, turns } from './lab.ts';

const ANSWERS = 600;
const AT_ONCE = 20;
const lab = createLab({ keepAliveMs: 0 });

interface Read {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const answers = Array.from({ length: ANSWERS }, (_, index) => generateAnswer(FIRST_SEED + index));
/** Which answer is asked for, is in the path. */
const server = lab.serve(async (connection) => {
  const { line } = await connection.request();
  for (const piece of answers[Number(/\/(\d+) /.exec(line)?.[1])]?.pieces ?? []) {
    await connection.write(piece);
    await turns(1);
  }
  connection.end();
});

async function byUs(path: string, { method }: GeneratedAnswer): Promise<Read | 'failed'> {
  try {
    const { status, headers, body, outcome } = await lab.ask(server.url + path, { method });
    return outcome === 'end'
      ? { status, headers: comparable(headers), body: body.toString('latin1') }
      : 'failed';
  } catch {
    return 'failed';
  }
}

async function byFetch(path: string, { method }: GeneratedAnswer): Promise<Read | 'failed'> {
  try {
    const response = await fetch(server.url + path, {
      method,
      redirect: 'manual',
      keepalive: false,
      headers: { 'accept-encoding': 'identity' },
      ...(method === 'POST' && { body: '{}' }),
    });
    const body = Buffer.from(await response.arrayBuffer()).toString('latin1');
    return { status: response.status, headers: comparable(Object.fromEntries(response.headers)), body };
  } catch {
    return 'failed';
  }
}

/** What tells of the packing and framing that is gone is nobody's business any more. */
function comparable(headers: Record<string, string>): Record<string, string> {
  const {
    'content-encoding': _encoding,
    'content-length': _length,
    'transfer-encoding': _framing,
    ...rest
  } = headers;
  return rest;
}

describe('our client and fetch', () => {
  let failed = 0;
  for (let first = 0; first < ANSWERS; first += AT_ONCE)
    test(`answers ${first} to ${first + AT_ONCE - 1}, seed ${FIRST_SEED}`, async () => {
      await Promise.all(
        answers.slice(first, first + AT_ONCE).map(async (answer, index) => {
          const path = `/${first + index}`;
          const [ours, theirs] = await Promise.all([byUs(path, answer), byFetch(path, answer)]);
          if (ours === 'failed') failed++;
          expect({ about: answer.about, read: ours }).toEqual({ about: answer.about, read: theirs });
        }),
      );
    });

  test('had both to read: many that are sound, and some that are not', () => {
    expect(failed).toBeGreaterThan(ANSWERS / 20);
    expect(failed).toBeLessThan(ANSWERS / 2);
  });
});
