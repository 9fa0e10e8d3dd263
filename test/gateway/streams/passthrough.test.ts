// Same dialect on both sides: every recording, however it is split, reaches the client byte for byte
// (GUARANTEES 6), is counted in the ledger, and its request reaches the provider byte for byte.
import { describe, expect, test } from 'bun:test';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import {
  clientRequest,
  LAB_PROVIDER_OF,
  RECORDED_AS,
  recordedStreams,
  SPOKEN_DIALECTS,
  streamTypeOf,
} from '../../support/client-requests.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { recordings } from '../../support/recordings.ts';
import { replyOf } from '../../support/reply.ts';
import { allSplits, WHOLE } from '../../support/splits.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

function setup(dialect: DialectId, reply: Parameters<typeof createReplayFetch>[0]) {
  const upstream = createReplayFetch(reply);
  const config = {
    providers: { lab: LAB_PROVIDERS[LAB_PROVIDER_OF[dialect]] },
    routing: { default_provider: 'lab' },
  };
  return { upstream, ...createTestGateway({ config, fetch: upstream.fetch }) };
}

/** Spelled so that any re-serialising shows: odd spacing, 1.0, an unknown field, a repeated space. */
function requestFor(dialect: DialectId, stream: boolean): { path: string; sent: string } {
  const { path, body } = clientRequest(dialect, { model: 'recorded-model', stream });
  const [first, ...others] = Object.entries(body).map(
    ([name, value]) => `"${name}" :  ${JSON.stringify(value)}`,
  );
  const odd = '"x_unknown": {"deep":[1.0, "\\u00e9"]}';
  return { path, sent: `{ ${first},  ${odd},\n${others.join(', ')} }` };
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const DONE = 'data: [DONE]\n\n';

for (const dialect of SPOKEN_DIALECTS) {
  describe(`${dialect} passes through`, () => {
    for (const recording of recordedStreams(dialect)) {
      for (const split of allSplits()) {
        test(`${recording.id}: ${split.name}`, async () => {
          const reply = replyOf(recording, { split, headers: { 'x-unknown-too': 'kept' } });
          const { upstream, post, row } = setup(dialect, reply);
          const { path, sent } = requestFor(dialect, true);
          const response = await post(`${path}${path.includes('?') ? '&' : '?'}beta=true`, sent, {
            headers: { 'x-unknown': 'kept' },
          });
          const received = new Uint8Array(await response.arrayBuffer());
          const { errorMessage, errorCode, status, streamed, usageKnown } = await row(0);
          if (recording.features.includes('in-stream-error') && response.status !== 200) {
            // An error before any content is a failure with a status of its own (GUARANTEES 3).
            expect(response.status).toBeGreaterThanOrEqual(400);
            expect(status).toBe('error');
            return;
          }
          expect(response.status, errorMessage ?? '').toBe(200);
          expect(response.headers.get('content-type')).toBe(streamTypeOf(dialect));
          expect(response.headers.get('x-unknown-too')).toBe('kept');
          // Behind an error there is no other ending (GUARANTEES 14).
          const isBroken = recording.features.includes('in-stream-error');
          const { length } = isBroken && decoder.decode(recording.body).endsWith(DONE) ? DONE : '';
          const passed = recording.body.slice(0, recording.body.length - length);
          expect(decoder.decode(received)).toBe(decoder.decode(passed));
          expect(received).toEqual(new Uint8Array(passed));
          const request = upstream.requests[0];
          expect(decoder.decode(request?.body)).toBe(sent);
          expect(request?.path).toMatch(/[?&]beta=true$/);
          expect(request?.headers.get('x-unknown')).toBe('kept');
          expect(streamed).toBe(true);
          if (recording.features.includes('in-stream-error')) expect(status).toBe('error');
          else expect([status, errorCode]).toEqual(['success', null]);
          if (recording.features.includes('usage')) expect(usageKnown).toBe(true);
        });
      }
    }

    for (const recording of recordings(RECORDED_AS[dialect], { streamed: false, status: 'ok' })) {
      test(`${recording.id}: whole answer`, async () => {
        const { upstream, post, row } = setup(dialect, replyOf(recording, { split: WHOLE }));
        const { path, sent } = requestFor(dialect, false);
        const response = await post(path, sent);
        expect(await response.text()).toBe(decoder.decode(recording.body));
        expect(response.status).toBe(200);
        expect(decoder.decode(upstream.requests[0]?.body)).toBe(sent);
        expect((await row(0)).status).toBe('success');
      });
    }

    const [whole] = recordings(RECORDED_AS[dialect], { streamed: false, status: 'ok' });
    test.skipIf(whole === undefined)('a whole answer that is not quite UTF-8', async () => {
      if (whole === undefined) return;
      const mark = Uint8Array.of(0xef, 0xbb, 0xbf);
      const text = decoder.decode(whole.body);
      const broken = encoder.encode(text.replace('{', '{"x_unknown":"?",'));
      broken[broken.indexOf('?'.charCodeAt(0))] = 0xff;
      for (const bytes of [Uint8Array.from([...mark, ...whole.body]), broken]) {
        const { post, row } = setup(dialect, replyOf({ ...whole, body: bytes }, { split: WHOLE }));
        const { path, sent } = requestFor(dialect, false);
        const response = await post(path, sent);
        expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
        expect((await row(0)).status).toBe('success');
      }
    });

    for (const recording of recordings(RECORDED_AS[dialect], { streamed: false, status: 'error' })) {
      test(`${recording.id}: error ${recording.status}`, async () => {
        const { post, row } = setup(dialect, replyOf(recording, { split: WHOLE }));
        const { path, sent } = requestFor(dialect, recording.streamRequested);
        const response = await post(path, sent);
        expect(response.headers.get('content-type')).toStartWith('application/json');
        const { status, httpStatus, errorCode } = await row(0);
        // Some say 400 of a bad key.
        const expected =
          errorCode === 'upstream_unauthorized' && recording.status === 400 ? 401 : recording.status;
        expect(response.status).toBe(expected);
        expect([status, httpStatus]).toEqual(['error', expected]);
        expect(errorCode).toMatch(/^(upstream_|context_too_long)/);
      });
    }
  });
}
