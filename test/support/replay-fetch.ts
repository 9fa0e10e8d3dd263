// A replay upstream without a socket: the same replies behind a function shaped like fetch.
import { createSeenRequest, playReply, type Reply, type SeenRequest } from './reply.ts';

export interface ReplayFetch {
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  readonly requests: readonly SeenRequest[];
}

export type ChooseReply = Reply | ((request: SeenRequest) => Reply | Promise<Reply>);

/** Pieces arrive exactly as the reply cuts them, one per read, and none is pulled before it is read. */
export function createReplayFetch(choose: ChooseReply): ReplayFetch {
  const requests: SeenRequest[] = [];
  return {
    requests,
    async fetch(input, init) {
      const request = new Request(input, init);
      // Request does not hand on the signal object itself in every runtime: listen to the one given.
      const signal = init?.signal ?? request.signal;
      const body = new Uint8Array(await request.arrayBuffer());
      const url = new URL(request.url);
      const { seen, end } = createSeenRequest(
        request.method,
        url.pathname + url.search,
        request.headers,
        body,
      );
      requests.push(seen);
      const left = new AbortController();
      const leave = () => {
        left.abort();
        end('left');
      };
      if (signal.aborted) leave();
      signal.addEventListener('abort', leave, { once: true });
      const reply = typeof choose === 'function' ? await choose(seen) : choose;
      signal.throwIfAborted();
      if (reply.fault?.kind === 'hang-before-headers') {
        await seen.ended;
        throw signal.reason;
      }
      const playing = playReply(reply, left.signal);
      const stream = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            signal.addEventListener('abort', () => controller.error(signal.reason), { once: true });
          },
          async pull(controller) {
            const step = await playing.next();
            if (left.signal.aborted) return;
            if (!step.done) {
              seen.bytesSent += step.value.length;
              seen.piecesSent += 1;
              controller.enqueue(step.value);
              return;
            }
            end(step.value);
            if (step.value === 'reset') controller.error(new TypeError('socket connection was closed'));
            else controller.close();
          },
          cancel: leave,
        },
        { highWaterMark: 0 },
      );
      return new Response(stream, { status: reply.status, headers: reply.headers });
    },
  };
}
