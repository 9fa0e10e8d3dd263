// A long JSON answer, made piece by piece: what else the process serves goes on between two of them.

/** Letters that are made at a time: a millisecond or two. */
const PIECE_LENGTH = 512 * 1024;

export interface LongList {
  /** The property that holds the items. */
  name: string;
  /** Asked for and made to JSON one by one, as they are needed. */
  items: AsyncIterable<object>;
  /** What stands beside them; asked for behind the last. */
  rest(): object;
  /** Resolves when others have had their turn. */
  pause(): Promise<void>;
}

/** `{name: items, ...rest}` as JSON. Where an item cannot be had any more, the answer breaks off. */
export function answerLongList(list: LongList): Response {
  const pieces = piecesOf(list);
  const encoder = new TextEncoder();
  let isFirst = true;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (!isFirst) await list.pause();
        isFirst = false;
        const { value, done } = await pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: { 'content-type': 'application/json;charset=utf-8', 'cache-control': 'no-store' },
  });
}

async function* piecesOf({ name, items, rest }: LongList): AsyncGenerator<string, void> {
  let piece = `{${JSON.stringify(name)}:[`;
  let separator = '';
  for await (const item of items) {
    piece += separator + JSON.stringify(item);
    separator = ',';
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  const others = JSON.stringify(rest()).slice(1, -1);
  yield `${piece}]${others === '' ? '' : ','}${others}}`;
}
