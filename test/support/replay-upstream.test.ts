// The tests' own tools: recordings, splits, and the upstream that replays them.
import { describe, expect, test } from 'bun:test';
import { createReplayFetch } from './replay-fetch.ts';
import { startReplayUpstream } from './replay-upstream.ts';
import { replyOf, replyWith } from './reply.ts';
import { ownRecordings, recordings } from './recordings.ts';
import { allSplits, eventBoundaries, ONE_BYTE_PIECES, truncations } from './splits.ts';

const WIRES = ['anthropic-messages', 'openai-chat'];
const FOUR_EVENTS = 'data: one\n\ndata: two\n\ndata: three\n\ndata: four\n\n';

describe('recordings', () => {
  for (const wire of WIRES) {
    test(`${wire}: the project's own set has streams, wholes and an error`, () => {
      expect(ownRecordings(wire, { streamed: true }).length).toBeGreaterThan(0);
      expect(ownRecordings(wire, { streamed: false, status: 'ok' }).length).toBeGreaterThan(0);
      expect(ownRecordings(wire, { status: 'error' }).length).toBeGreaterThan(0);
      for (const own of ownRecordings(wire)) expect(own.meta.provenance).toBe('hand-written');
    });
    test(`${wire}: filters choose`, () => {
      const all = recordings(wire);
      const streamed = recordings(wire, { streamed: true });
      expect(streamed.length).toBeGreaterThan(0);
      expect(streamed.length).toBeLessThan(all.length);
      expect(recordings(wire, { status: 'error' }).every((each) => each.status >= 400)).toBe(true);
    });
  }
});

describe('splits', () => {
  const bodies = WIRES.flatMap((wire) => ownRecordings(wire)).map((recording) => recording.body);
  for (const split of allSplits()) {
    test(`${split.name}: the pieces joined are the body`, () => {
      for (const body of bodies) {
        expect(Buffer.concat(split.cut(body)).equals(body)).toBe(true);
        expect(split.cut(body).every((piece) => piece.length > 0)).toBe(true);
      }
    });
  }
  test('boundaries are found for LF, CR and CRLF', () => {
    for (const newline of ['\n', '\r', '\r\n']) {
      const body = new TextEncoder().encode(`data: 1${newline}${newline}data: 2${newline}${newline}`);
      expect(eventBoundaries(body)).toEqual([body.length / 2, body.length]);
    }
  });
  test('lines of JSON are events each', () => {
    const body = new TextEncoder().encode('{"a":1}\n{"done":true}\n{"a":2}\n');
    expect(eventBoundaries(body)).toEqual([8, 22, 30]);
    const boundaries = truncations(body).filter((cut) => cut.kind === 'boundary');
    expect(boundaries.map((cut) => cut.bytes.length)).toEqual([0, 8]);
  });
  test('truncations stop before the terminal', () => {
    const body = new TextEncoder().encode('data: {"a":1}\n\ndata: {"type":"message_stop"}\n\ndata: more\n\n');
    const boundaries = truncations(body).filter((cut) => cut.kind === 'boundary');
    expect(boundaries.map((cut) => cut.bytes.length)).toEqual([0, 15]);
  });
});

describe('replay over a socket', () => {
  for (const wire of WIRES) {
    for (const recording of ownRecordings(wire)) {
      test(`${recording.id} arrives byte for byte in one-byte pieces`, async () => {
        await using upstream = await startReplayUpstream(replyOf(recording, { split: ONE_BYTE_PIECES }));
        const response = await fetch(`${upstream.url}/any/path?x=1`, { method: 'POST', body: '{"a":"ü"}' });
        expect(response.status).toBe(recording.status);
        expect(response.headers.get('content-type')).toBe(recording.contentType);
        expect(Buffer.from(await response.arrayBuffer()).equals(recording.body)).toBe(true);
        const seen = await upstream.request(0);
        expect(seen.path).toBe('/any/path?x=1');
        expect(seen.json()).toEqual({ a: 'ü' });
        expect(await seen.ended).toBe('complete');
      });
    }
  }

  test('a streamed request body is read', async () => {
    await using upstream = await startReplayUpstream(replyWith('ok'));
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const part of ['{"a"', ':1}']) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });
    await (await fetch(upstream.url, { method: 'POST', body })).text();
    expect((await upstream.request(0)).json()).toEqual({ a: 1 });
  });

  test('cut ends the body properly, reset does not', async () => {
    await using upstream = await startReplayUpstream(
      replyWith(FOUR_EVENTS, { fault: { kind: 'cut', after: 11 } }),
    );
    expect(await (await fetch(upstream.url)).text()).toBe('data: one\n\n');
    upstream.answer(replyWith(FOUR_EVENTS, { fault: { kind: 'reset', after: 11 } }));
    const response = await fetch(upstream.url);
    await expect(response.text()).rejects.toThrow();
    expect(await (await upstream.request(1)).ended).toBe('reset');
  });

  test('hangs hold until the client leaves, and the leaving is seen', async () => {
    await using upstream = await startReplayUpstream((seen) =>
      replyWith(FOUR_EVENTS, {
        fault: seen.path.startsWith('/headers')
          ? { kind: 'hang-before-headers' }
          : seen.path.startsWith('/first')
            ? { kind: 'hang-before-first-byte' }
            : { kind: 'hang', after: 11 },
      }),
    );
    for (const path of ['/headers', '/first', '/middle']) {
      const leave = new AbortController();
      const asked = fetch(upstream.url + path, { signal: leave.signal });
      const index = upstream.requests.length;
      const seen = await upstream.request(index);
      if (path === '/headers') {
        leave.abort();
        await expect(asked).rejects.toThrow();
      } else {
        const response = await asked;
        expect(response.status).toBe(200);
        const reader = response.body?.getReader();
        if (path === '/middle') expect((await reader?.read())?.value?.length).toBe(11);
        leave.abort();
      }
      expect(await seen.ended).toBe('left');
      expect(seen.abortedAt).not.toBeNull();
      expect(upstream.openConnections()).toBe(0);
    }
  });

  test('an endless body is pulled no further than the transport takes', async () => {
    const endless = (function* () {
      for (;;) yield new Uint8Array(65_536);
    })();
    await using upstream = await startReplayUpstream(replyWith(endless));
    const leave = new AbortController();
    await fetch(upstream.url, { signal: leave.signal });
    const seen = await upstream.request(0);
    let before = -1;
    while (before !== seen.bytesSent) {
      before = seen.bytesSent;
      await Bun.sleep(50);
    }
    expect(seen.bytesSent).toBeLessThan(64_000_000);
    leave.abort();
    expect(await seen.ended).toBe('left');
  });
});

describe('replay in process', () => {
  test('one piece a read, none pulled ahead', async () => {
    const body = new TextEncoder().encode('abc');
    const replay = createReplayFetch(replyWith(body, { split: ONE_BYTE_PIECES }));
    const response = await replay.fetch('http://upstream.test/v1/x', { method: 'POST', body: '{}' });
    expect(replay.requests[0]?.piecesSent).toBe(0);
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value).toEqual(new Uint8Array([97]));
    expect(replay.requests[0]?.piecesSent).toBe(1);
    await reader?.cancel();
    expect(await replay.requests[0]?.ended).toBe('left');
  });

  test('an abort while nothing comes ends the read', async () => {
    const replay = createReplayFetch(replyWith('data: x\n\n', { fault: { kind: 'hang', after: 9 } }));
    const leave = new AbortController();
    const response = await replay.fetch('http://upstream.test/', { signal: leave.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    const next = reader?.read();
    leave.abort();
    await expect(next).rejects.toThrow();
    expect(await replay.requests[0]?.ended).toBe('left');
  });

  test('reset fails the read, hang before headers fails the fetch when aborted', async () => {
    const reset = createReplayFetch(replyWith('data: x\n\n', { fault: { kind: 'reset', after: 3 } }));
    await expect((await reset.fetch('http://upstream.test/')).text()).rejects.toThrow();
    const hang = createReplayFetch(replyWith('x', { fault: { kind: 'hang-before-headers' } }));
    await expect(hang.fetch('http://upstream.test/', { signal: AbortSignal.abort() })).rejects.toThrow();
  });
});
