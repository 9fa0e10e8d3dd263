// A thousand requests at once, and a thousand cancelled at each stage: no socket, timer or listener is left.
import { describe, expect, test } from 'bun:test';
import { Cancellation } from '../../../src/upstream/cancellation.ts';
import { selfSigned } from '../../support/certificates.ts';
import { connectionsOf } from '../../support/connections.ts';
import type { RawConnection } from '../../support/raw-server.ts';
import { always, createLab, plain, turns } from './lab.ts';
import { question, readBody, readWhole, rejection } from './reading.ts';

const REQUESTS = 1_000;
const PORTIONS = 50;

/** A cancellation that knows who listens to it. */
class WatchedCancellation extends Cancellation {
  readonly listening = new Set<() => void>();

  override abort(reason: unknown): void {
    super.abort(reason);
    this.listening.clear();
  }

  override addEventListener(type: 'abort', listener: () => void): void {
    this.listening.add(listener);
    super.addEventListener(type, listener);
  }

  override removeEventListener(type: 'abort', listener: () => void): void {
    this.listening.delete(listener);
    super.removeEventListener(type, listener);
  }
}

/** A whole life of requests, some at a time, each with a cancellation of its own. */
async function inPortions(each: (cancellation: WatchedCancellation, index: number) => Promise<void>) {
  const cancellations: WatchedCancellation[] = [];
  for (let begun = 0; begun < REQUESTS; begun += PORTIONS)
    await Promise.all(
      Array.from({ length: PORTIONS }, (_, index) => {
        const cancellation = new WatchedCancellation();
        cancellations.push(cancellation);
        return each(cancellation, begun + index);
      }),
    );
  return cancellations;
}

const sockets = (port: number) =>
  connectionsOf(process.pid).filter(({ remotePort }) => remotePort === port).length;
const isLinux = process.platform === 'linux';

describe('a thousand at once', () => {
  test('are all answered, each with its own, and leave what may be kept and no more', async () => {
    const lab = createLab({ maxIdle: 100 });
    const server = lab.serve(async (connection) => {
      for (;;) {
        const { body } = await connection.request();
        await connection.write(plain(`answer to ${body}`));
      }
    });
    const cancellations = Array.from({ length: REQUESTS }, () => new WatchedCancellation());
    const answers = await Promise.all(
      cancellations.map((signal, index) => lab.ask(server.url, { body: `question ${index}`, signal })),
    );
    expect(answers.map(({ body }) => body.toString())).toEqual(
      cancellations.map((_, index) => `answer to question ${index}`),
    );
    expect(cancellations.every(({ listening }) => listening.size === 0)).toBe(true);
    const [pool] = lab.pools();
    expect(pool).toMatchObject({ active: 0, idle: 100 });
    while (isLinux && sockets(server.port) !== 100) await turns(10);
    // One timer looks for those that are idle for too long, another one after requests that were sent, once more.
    expect(lab.timers.pending()).toBe(2);
    await lab.timers.advance(1_000);
    expect(lab.timers.pending()).toBe(1);
    lab.close();
    expect(lab.timers.pending()).toBe(0);
    await Promise.all(server.connections.map(({ closed }) => closed));
    if (isLinux) expect(sockets(server.port)).toBe(0);
  });
});

test('while an answer flows, the request is not held', async () => {
  const lab = createLab();
  const server = lab.serve(async (connection) => {
    await connection.request();
    await connection.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n');
  });
  const asked: WeakRef<object>[] = [];
  const ask = async () => {
    const request = question(server.url, { body: 'a prompt' });
    asked.push(new WeakRef(request));
    return readBody((await lab.send(request)).body);
  };
  const flowing = await Promise.all(Array.from({ length: PORTIONS }, ask));
  await Promise.all(flowing.map((reading) => reading.until((bytes) => bytes === 4)));
  const held = () => asked.filter((request) => request.deref() !== undefined).length;
  // Some may still be found by chance on the stack, which is searched for whatever looks like one.
  for (let round = 0; round < 50 && held() > PORTIONS / 10; round++) {
    await turns(1);
    Bun.gc(true);
  }
  expect(held()).toBeLessThanOrEqual(PORTIONS / 10);
  expect(flowing.map((reading) => reading.outcome())).toEqual(flowing.map(() => undefined));
  for (const reading of flowing) reading.cancel();
});

for (const [scheme, certificate] of [
  ['http', undefined],
  ['https', selfSigned(['localhost'])],
] as const)
  describe(`a thousand that are given up (${scheme})`, () => {
    const gone = new Error('gone');
    const HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n';
    const answersHead = async (connection: RawConnection) => {
      await connection.request();
      await connection.write(HEAD);
    };
    const stages: [
      name: string,
      serve: (connection: RawConnection) => Promise<void> | void,
      run: (
        lab: ReturnType<typeof createLab>,
        url: string,
        cancellation: WatchedCancellation,
        index: number,
      ) => Promise<void>,
    ][] = [
      [
        'before they are sent',
        () => {},
        async ({ send }, url, cancellation) => {
          cancellation.abort(gone);
          expect(await rejection(send(question(url, { signal: cancellation })))).toBe(gone);
        },
      ],
      [
        'while they connect',
        () => {},
        async ({ send }, url, cancellation) => {
          const asked = send(question(url, { signal: cancellation }));
          cancellation.abort(gone);
          expect(await rejection(asked)).toBe(gone);
        },
      ],
      [
        'a moment later',
        () => {},
        async ({ send }, url, cancellation, index) => {
          const asked = send(question(url, { signal: cancellation }));
          turns(1 + (index % 8)).then(() => cancellation.abort(gone));
          expect(await rejection(asked)).toBe(gone);
        },
      ],
      [
        'within the body, by who asked',
        answersHead,
        async ({ send }, url, cancellation) => {
          const reading = readBody((await send(question(url, { signal: cancellation }))).body);
          await reading.until((size) => size === 4);
          cancellation.abort(gone);
          expect(await reading.over).toBe(gone);
        },
      ],
      [
        'within the body, by who reads',
        answersHead,
        async ({ send }, url, cancellation) => {
          const reading = readBody((await send(question(url, { signal: cancellation }))).body);
          await reading.until((size) => size === 4);
          reading.cancel();
          expect(reading.breaches).toEqual([]);
        },
      ],
      [
        'before anybody reads',
        answersHead,
        async ({ send }, url, cancellation) => {
          const { body } = await send(question(url, { signal: cancellation }));
          body.cancel();
          // Once more does no harm.
          cancellation.abort(gone);
          body.cancel();
        },
      ],
      [
        'when it is too late',
        always(() => plain('ok')),
        async ({ send }, url, cancellation) => {
          const answer = await readWhole(await send(question(url, { signal: cancellation })));
          cancellation.abort(gone);
          expect(answer.body.toString()).toBe('ok');
        },
      ],
    ];
    for (const [name, serve, run] of stages)
      test(name, async () => {
        const lab = createLab({ verifiesServers: false });
        const server = lab.serve(serve, certificate);
        const cancellations = await inPortions((cancellation, index) =>
          run(lab, server.url, cancellation, index),
        );
        expect(cancellations.filter(({ listening }) => listening.size > 0)).toHaveLength(0);
        lab.close();
        // A connection that was on its way when nobody wanted it any more arrives, and is closed.
        const isLeft = () =>
          server.connections.some(({ isClosed }) => !isClosed) || (isLinux && sockets(server.port) > 0);
        while (isLeft()) await turns(10);
        expect(lab.pools()[0] ?? { active: 0, idle: 0 }).toMatchObject({ active: 0, idle: 0 });
        expect(lab.timers.pending()).toBe(0);
      });
  });
