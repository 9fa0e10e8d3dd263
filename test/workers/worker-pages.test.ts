// The gateway's own pages at a worker: the primary's, but for the live view.
import { expect, test } from 'bun:test';
import { createWatchers } from '../../src/gateway/live/watchers.ts';
import type { Channel } from '../../src/workers/channel.ts';
import type { Page, PageRequest, PrimaryMethods } from '../../src/workers/protocol.ts';
import { createWorkerPages } from '../../src/workers/worker-pages.ts';
import { createManualTimers } from '../support/manual-timers.ts';

function startLab(page: Page | undefined, known = Promise.resolve()) {
  const asked: PageRequest[] = [];
  const primary = {
    async call(_: string, request: PageRequest) {
      asked.push(request);
      return page;
    },
    notify() {},
  } as unknown as Pick<Channel<PrimaryMethods>, 'call' | 'notify'>;
  const timers = createManualTimers();
  const watchers = createWatchers(timers.setTimer);
  const pages = createWorkerPages(primary, watchers, () => known);
  const get = (path: string, method = 'GET', project: string | null = null) => {
    const url = new URL(path, 'http://localhost');
    return pages(new Request(url, { method }), url, project);
  };
  return { get, asked, watchers, timers };
}

const PAGE: Page = {
  status: 207,
  headers: [['x-of', 'primary']],
  page: 1,
  bytes: new TextEncoder().encode('whole'),
  isLast: true,
};

test('are asked of the primary as the client asked, and others are none', async () => {
  const { get, asked } = startLab(PAGE);
  const answer = await get('/gateway/audit?limit=2');
  expect([answer?.status, answer?.headers.get('x-of'), await answer?.text()]).toEqual([
    207,
    'primary',
    'whole',
  ]);
  const head = await get('/metrics', 'HEAD');
  expect([head?.status, head?.body]).toEqual([207, null]);
  for (const path of ['/gatewayless', '/v1/messages', '/metrics/x', '/'])
    expect(await get(path)).toBeUndefined();
  expect(asked).toEqual([
    { method: 'GET', path: '/gateway/audit?limit=2', project: null },
    { method: 'HEAD', path: '/metrics', project: null },
  ]);
  await get('/gateway/metrics', 'GET', 'web');
  expect(asked.at(-1)).toEqual({ method: 'GET', path: '/gateway/metrics', project: 'web' });
  expect(await startLab(undefined).get('/gateway/nothing')).toBeUndefined();
});

test('whoever watches is answered once all workers know of it: requests that begin from then on are seen', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { get, asked, watchers, timers } = startLab(PAGE, promise);
  let answered = false;
  const watching = get('/gateway/streams/live').then((response) => {
    answered = true;
    return response;
  });
  await timers.advance(0);
  expect([watchers.count(), answered]).toEqual([1, false]);
  resolve();
  expect((await watching)?.headers.get('content-type')).toBe('text/event-stream');
  expect(asked).toEqual([]);
  watchers.close();
});
