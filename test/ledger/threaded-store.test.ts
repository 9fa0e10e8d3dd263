// A store's thread that fails: the calls it had fail, and those of its successor do not.
import { afterEach, expect, test } from 'bun:test';
import { createThreadedStore } from '../../src/ledger/threaded-store.ts';

const RealWorker = globalThis.Worker;
afterEach(() => {
  globalThis.Worker = RealWorker;
});

test('a thread that has failed and then ends takes no call from its successor', async () => {
  const started: TestWorker[] = [];
  class TestWorker {
    onmessage: ((event: { data: unknown }) => void) | null = null;
    onerror: ((event: { message: string }) => void) | null = null;
    ended = () => {};
    asked: { id: number }[] = [];
    constructor() {
      started.push(this);
    }
    addEventListener(_: 'close', listener: () => void): void {
      this.ended = listener;
    }
    postMessage(message: { id: number }): void {
      this.asked.push(message);
    }
  }
  globalThis.Worker = TestWorker as unknown as typeof Worker;
  const store = createThreadedStore({ type: 'sqlite', path: ':memory:' });
  const lost = store.recent(1);
  started[0]?.onerror?.({ message: 'out of memory' });
  expect(await lost.catch(String)).toContain('out of memory');
  const next = store.recent(1);
  started[0]?.ended();
  started[1]?.onmessage?.({ data: { id: started[1].asked.at(-1)?.id, result: [] } });
  expect(await next).toEqual([]);
});
