// Pages between two processes: a short one in one message, a long one in pieces, as fast as its reader takes them.
import type { Page, PagePiece } from './protocol.ts';

/** Approximate bytes in one message. */
const PIECE_BYTES = 512 * 1024;

/** The side that has the pages. */
export interface PageSource {
  /** Returns the head of an answer and its beginning. */
  open(answer: Response): Promise<Page>;
  /** Returns the next piece. Throws if the answer breaks off. */
  next(page: number): Promise<PagePiece>;
  /** The page's reader has left. */
  leave(page: number): void;
}

export function createPageSource(): PageSource {
  const open = new Map<number, ReadableStreamDefaultReader<Uint8Array>>();
  let opened = 0;

  async function piece(page: number): Promise<PagePiece> {
    const reader = open.get(page);
    const chunks: Uint8Array[] = [];
    for (let bytes = 0; reader !== undefined && bytes < PIECE_BYTES; ) {
      const { value, done } = await reader.read().catch((error: unknown) => {
        open.delete(page);
        throw error;
      });
      if (done) open.delete(page);
      if (value === undefined) break;
      chunks.push(value);
      bytes += value.length;
    }
    return { bytes: new Uint8Array(Buffer.concat(chunks)), isLast: !open.has(page) };
  }

  return {
    async open({ status, headers, body }) {
      const page = ++opened;
      if (body !== null) open.set(page, body.getReader());
      return { status, headers: [...headers], page, ...(await piece(page)) };
    },
    next: piece,
    leave(page) {
      // Cancelling rejects only if the answer has already failed.
      open
        .get(page)
        ?.cancel()
        .catch(() => undefined);
      open.delete(page);
    },
  };
}

/** The body of a page, fetched as its reader takes it. */
export function pageBody(
  { page, bytes, isLast }: Page,
  { next, leave }: { next(page: number): Promise<PagePiece>; leave(page: number): void },
): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  if (isLast) return bytes;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(bytes),
      async pull(controller) {
        const piece = await next(page);
        if (piece.bytes.length > 0) controller.enqueue(piece.bytes);
        if (piece.isLast) controller.close();
      },
      cancel: () => leave(page),
    },
    { highWaterMark: 0 },
  );
}
