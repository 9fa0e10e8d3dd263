// Compressed requests: read as if they had been plain, within the same limit.
import { describe, expect, test } from 'bun:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { labConfig } from '../../support/lab-config.ts';
import { wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const ASK = '{"model":"claude/m",  "max_tokens":9, "messages":[{"role":"user","content":"hé"}]}';
/** As it reaches the provider. */
const SENT = ASK.replace('claude/m', 'm');
const MAX_BODY = 100_000;

const PACK: Record<string, (text: string) => Uint8Array> = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  GZIP: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
};

function setup() {
  const upstream = createReplayFetch(({ path }) =>
    jsonReply(path.endsWith('count_tokens') ? { input_tokens: 3 } : wholeMessage('served')),
  );
  const config = labConfig('http://upstream.test', {}, { server: { max_body: `${MAX_BODY}B` } });
  const lab = createTestGateway({ config, fetch: upstream.fetch });
  const ask = (encoding: string, body: Uint8Array, path = '/v1/messages') =>
    lab.gateway.fetch(
      new Request(`http://127.0.0.1:8088${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': encoding },
        body: Uint8Array.from(body),
      }),
    );
  return { ...lab, upstream, ask };
}

describe.each(Object.entries(PACK))('%s', (encoding, pack) => {
  test('reaches the provider plain, and the row too', async () => {
    const lab = setup();
    const answer = await lab.ask(encoding, pack(ASK));
    expect(answer.status).toBe(200);
    const [sent] = lab.upstream.requests;
    expect(new TextDecoder().decode(sent?.body)).toBe(SENT);
    expect(sent?.headers.get('content-encoding') ?? null).toBeNull();
    expect((await lab.row(0)).requestBody).toBe(ASK);
  });

  test('cut short it is refused', async () => {
    const lab = setup();
    const packed = pack(ASK);
    const answer = await lab.ask(encoding, packed.subarray(0, packed.length - 9));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(`not complete ${encoding.toLowerCase()}`);
    expect(lab.upstream.requests).toHaveLength(0);
  });

  test('that holds more than server.max_body is too large, however small it is', async () => {
    const lab = setup();
    const packed = pack(ASK + ' '.repeat(MAX_BODY));
    expect(packed.length).toBeLessThan(MAX_BODY / 100);
    expect((await lab.ask(encoding, packed)).status).toBe(413);
    expect((await lab.row(0)).errorCode).toBe('too_large');
  });
});

test('nothing at all is an empty body', async () => {
  const answer = await setup().ask('gzip', new Uint8Array());
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('the body is empty')]);
});

test.each(['gzip, gzip', 'compress', 'constructor'])('%s is not known', async (encoding) => {
  const answer = await setup().ask(encoding, gzipSync(gzipSync(ASK)));
  expect(answer.status).toBe(415);
});

test('counting tokens takes it too', async () => {
  const lab = setup();
  const answer = await lab.ask('gzip', gzipSync(ASK), '/v1/messages/count_tokens');
  expect([answer.status, await answer.json()]).toEqual([200, { input_tokens: 3 }]);
});
