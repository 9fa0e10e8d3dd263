// The way to upstreams by fetch: it goes to the address that it was given, and nowhere else (GUARANTEES 21).
import { expect, test } from 'bun:test';
import { HeaderList } from '../../src/model/header-list.ts';
import { createFetchTransport } from '../../src/upstream/fetch-transport.ts';

test.each([301, 302, 303, 307, 308])('a redirect is an answer, which is not followed: %i', async (status) => {
  const seen: string[] = [];
  await using server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      seen.push(new URL(request.url).pathname);
      return new Response('moved', { status, headers: { location: '/elsewhere' } });
    },
  });
  const send = createFetchTransport(fetch);
  const answer = await send({
    method: 'POST',
    url: new URL('/asked', server.url).href,
    headers: new HeaderList(),
    body: '{}',
    connectMs: 1_000,
  });
  answer.body.cancel();
  expect([answer.status, seen]).toEqual([status, ['/asked']]);
});
