// A request body that comes in pieces, when a test says so.
import type { StreamedBody } from '../../src/upstream/transport.ts';

export interface TestBody extends StreamedBody {
  /** Makes the next piece available; null: the body ends. */
  give(piece: string | Uint8Array<ArrayBuffer> | null): void;
  /** It does not come to its end. */
  breakOff(why: Error): void;
  /** Pieces that were asked for. */
  asked(): number;
  readonly isCancelled: boolean;
}

export function createTestBody(length: number | null = null): TestBody {
  const pieces: (Uint8Array<ArrayBuffer> | null | Error)[] = [];
  let wake: (() => void) | undefined;
  let asked = 0;
  let isCancelled = false;
  const put = (piece: Uint8Array<ArrayBuffer> | null | Error) => {
    pieces.push(piece);
    wake?.();
  };
  return {
    length,
    get isCancelled() {
      return isCancelled;
    },
    asked: () => asked,
    give: (piece) => put(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece),
    breakOff: put,
    async next() {
      asked++;
      if (pieces.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const piece = pieces.shift() ?? null;
      if (piece instanceof Error) throw piece;
      return piece;
    },
    cancel() {
      isCancelled = true;
      // As a reader that is cancelled: what was asked for is the end.
      wake?.();
    },
  };
}
