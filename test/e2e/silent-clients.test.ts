// Clients that stop in the midst of what they send: given up and told why, while one that is only slow is waited for.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connectRaw, postText } from '../support/raw-client.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';

const ASK = { model: 'simulator/fast', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const GEMINI = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };

describe.each([1, 2])('%d workers', (workers) => {
  let sluice: SluiceProcess;
  beforeAll(async () => {
    sluice = await startSluice({ workers, config: { server: { body_timeout: '1s' } } });
  });
  afterAll(() => sluice[Symbol.asyncDispose]());

  test.each([
    ['/v1/messages', ASK, 'invalid_request_error'],
    ['/v1/chat/completions', ASK, 'invalid_request_error'],
    ['/v1beta/models/simulator%2Ffast:generateContent', GEMINI, 'DEADLINE_EXCEEDED'],
  ])('stopped in the midst of a body for %s: 408, and the connection is closed', async (path, body, type) => {
    const client = await connectRaw(sluice.port);
    client.write(postText(path, body).slice(0, -5));
    await client.closed;
    expect(client.text()).toStartWith('HTTP/1.1 408 ');
    expect(client.text()).toMatch(/^connection: close\r$/im);
    expect(client.text()).toContain(type);
    expect(client.text()).toContain('server.body_timeout');
    const id = /^x-sluice-request-id: (\S+)/im.exec(client.text())?.[1] ?? '';
    const { entries } = await sluice.get<{ entries: { status: string; error_message: string }[] }>(
      `/gateway/audit?request_id=${id}`,
    );
    expect(entries).toMatchObject([{ status: 'error' }]);
    expect(entries[0]?.error_message).toContain('server.body_timeout');
  });

  test('stopped in the midst of a long body', async () => {
    const client = await connectRaw(sluice.port);
    client.write(postText('/v1/messages', { ...ASK, system: 'x'.repeat(50_000) }).slice(0, -5));
    await client.closed;
    expect(client.text()).toStartWith('HTTP/1.1 408 ');
  });

  test('stopped in the midst of chunks', async () => {
    const client = await connectRaw(sluice.port);
    client.write(
      'POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"mod\r\n',
    );
    await client.closed;
    expect(client.text()).toStartWith('HTTP/1.1 408 ');
  });

  test('a body that takes longer, but comes, is answered', async () => {
    // Longer than a busy machine makes of a pause.
    await using patient = await startSluice({ workers, config: { server: { body_timeout: '5s' } } });
    const client = await connectRaw(patient.port);
    const text = postText('/v1/messages', { ...ASK, system: 'x'.repeat(5_000) });
    const body = text.length - 6;
    client.write(text.slice(0, body));
    for (const sign of text.slice(body)) {
      await Bun.sleep(1_000);
      client.write(sign);
    }
    await client.until((seen) => seen.includes('\r\n\r\n'));
    expect(client.text()).toStartWith('HTTP/1.1 200 ');
    client.leave();
  });

  test('nothing of it is left running', async () => {
    expect(await sluice.get('/gateway/streams')).toEqual({ streams: [] });
  });

  test('headers that are never finished', async () => {
    const [silent, slow] = await Promise.all([connectRaw(sluice.port), connectRaw(sluice.port)]);
    silent.write('GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n');
    slow.write('GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n');
    const drip = setInterval(() => slow.write('x-a: b\r\n'), 500);
    await Promise.all([silent.closed, slow.closed]);
    clearInterval(drip);
    expect(silent.text() + slow.text()).toBe('');
  });
});
