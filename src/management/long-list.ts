// A long JSON answer, made piece by piece: between two pieces the process serves other requests.

/** In UTF-16 units. A piece takes a millisecond or two. */
const PIECE_LENGTH = 512 * 1024;

export interface LongList {
  /** The property that holds the items. */
  name: string;
  /** Read and serialized one by one, as they are needed. */
  items: AsyncIterable<object>;
  /** The other properties; called after the last item. */
  rest(): object;
  /** Resolves when other work has had its turn. */
  pause(): Promise<void>;
}

/** `{name: items, ...rest}` as JSON. If reading an item fails, the answer breaks off. */
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
