// Bodies that are read whole: one copy of what comes, whatever length was declared.
import { describe, expect, test } from 'bun:test';
import { HeaderList } from '../../../src/model/header-list.ts';
import { readBytes } from '../../../src/gateway/request/read-body.ts';
import { createManualTimers } from '../../support/manual-timers.ts';

const MB = 1024 * 1024;
const LIMITS = { maxBody: 8 * MB, bodyTimeoutMs: 1_000 };

function pieces(count: number): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, (_, at) => new Uint8Array(MB / 2).fill(at + 1));
}

/** Not every server of the web's standards holds clients to what they declare. */
function read(given: readonly Uint8Array<ArrayBuffer>[], declared: number | null) {
  const left = [...given];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
  const request = new Request('http://127.0.0.1/v1/audio/transcriptions', init);
  const headers = new HeaderList();
  if (declared !== null) headers.set('content-length', String(declared));
  return readBytes(request, headers, LIMITS, createManualTimers().setTimer);
}

const whole = (given: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(given));

describe('a body', () => {
  const SIX = pieces(6);

  test.each<[string, number | null]>([
    ['as long as declared', 3 * MB],
    ['of no declared length', null],
    ['longer than declared', 2 * MB],
    ['longer than declared by a byte', 3 * MB - 1],
    ['shorter than declared', 4 * MB],
  ])('%s is what came', async (_, declared) => {
    const bytes = await read(SIX, declared);
    expect(bytes).toHaveLength(3 * MB);
    expect(Bun.hash(bytes)).toBe(Bun.hash(whole(SIX)));
  });

  test.each([null, 2 * MB, 8 * MB])('over the limit is refused, declared: %p', async (declared) => {
    const refused = await read(pieces(20), declared).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ code: 'too_large' });
  });
});
