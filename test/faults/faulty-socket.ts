// The simulator's connection faults on a real socket: nobody listens, or the answer breaks off.
import type { Simulator } from '../../src/simulator/index.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { type Reply, replyWith, type SeenRequest } from '../support/reply.ts';

export interface FaultySocket extends AsyncDisposable {
  url: string;
  /** Told what a client has of its answer: a reset waits for it, since one overtakes what is under way. */
  clientRead(text: string): void;
}

/** A port that was just given back. */
export async function startRefusing(): Promise<FaultySocket> {
  const gone = await startReplayUpstream(replyWith(''));
  await gone.stop();
  return { url: gone.url, clientRead() {}, async [Symbol.asyncDispose]() {} };
}

/** @param lastWord of what a streaming client gets before the break; undefined where it gets nothing. */
export async function startResetting(
  simulator: Simulator,
  lastWord: string | undefined,
): Promise<FaultySocket> {
  const { promise: hasRead, resolve } = Promise.withResolvers<void>();
  const upstream = await startReplayUpstream((request) => play(simulator, request, lastWord && hasRead));
  return {
    url: upstream.url,
    clientRead(text) {
      if (lastWord !== undefined && text.includes(lastWord)) resolve();
    },
    [Symbol.asyncDispose]: () => upstream.stop(),
  };
}

async function play(
  simulator: Simulator,
  { method, path, headers, body }: SeenRequest,
  hasRead: Promise<void> | undefined | '',
): Promise<Reply> {
  const request = new Request(`http://simulator.test${path}`, { method, headers, body: body.slice() });
  const response = await simulator.fetch(request);
  const pieces: Uint8Array[] = [];
  let broke = false;
  try {
    for await (const piece of response.body ?? []) pieces.push(piece);
  } catch {
    broke = true;
  }
  const sent = pieces.reduce((sum, { length }) => sum + length, 0);
  // Something is left to send when the break comes, also where the answer declares its length.
  return replyWith([...pieces, new Uint8Array([0x0a, 0x0a])], {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    ...(broke ? { fault: { kind: 'reset' as const, after: sent + 1 } } : {}),
    before: (index) => (index === pieces.length && hasRead ? hasRead : undefined),
  });
}
