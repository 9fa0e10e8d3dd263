// How a stream ends (GUARANTEES 14): cut at every event, on the same dialect and across, exactly one error
// ending and never a fake one; whole recordings keep the grammar of the client's dialect.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../src/dialects/registry.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import { createFrameSplitter } from '../../src/sse/frame-splitter.ts';
import { parseFrame } from '../../src/sse/parse-frame.ts';
import type { SseEvent } from '../../src/sse/event.ts';
import { clientRequest, LAB_PROVIDER_OF, SPOKEN_DIALECTS } from '../support/client-requests.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { type Recording, recordings } from '../support/recordings.ts';
import { replyOf, replyWith } from '../support/reply.ts';
import { allSplits, truncations } from '../support/splits.ts';
import { createTestGateway, LAB_PROVIDERS } from '../support/test-gateway.ts';

export function eventsOf(bytes: Uint8Array): SseEvent[] {
  const splitter = createFrameSplitter(1 << 26);
  const frames = [...splitter.push(bytes).frames, splitter.flush()];
  return frames.flatMap((frame) => parseFrame(frame) ?? []);
}

function isErrorEvent(event: SseEvent): boolean {
  const value: unknown = event.data === '[DONE]' ? {} : JSON.parse(event.data);
  return typeof value === 'object' && value !== null && 'error' in value && value.error !== null;
}

async function exchange(client: DialectId, provider: DialectId, reply: ReturnType<typeof replyWith>) {
  const upstream = createReplayFetch(reply);
  const config = {
    providers: { lab: LAB_PROVIDERS[LAB_PROVIDER_OF[provider]] },
    routing: { default_provider: 'lab' },
  };
  const { post, row } = createTestGateway({ config, fetch: upstream.fetch });
  const { path, body } = clientRequest(client, { stream: true });
  const response = await post(path, body);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { response, bytes, row: await row(0) };
}

/** Recordings whose own bytes break their dialect's grammar cannot be expected to keep it when passed on. */
const healthy = (recording: Recording) => !recording.features.includes('in-stream-error');

for (const provider of SPOKEN_DIALECTS) {
  for (const client of SPOKEN_DIALECTS) {
    describe(`${provider} → ${client}`, () => {
      const streams = recordings(provider, { streamed: true, status: 'ok' });

      test.each(streams.filter(healthy).map((recording) => [recording.id, recording] as const))(
        '%s: grammar holds and every split gives the same',
        async (_, recording) => {
          let first: string | undefined;
          for (const split of allSplits(1)) {
            const { response, bytes, row } = await exchange(client, provider, replyOf(recording, { split }));
            const text = new TextDecoder().decode(bytes);
            expect(response.status, text).toBe(200);
            if (client !== provider) {
              const checker = DIALECTS[client].createGrammarChecker();
              for (const event of eventsOf(bytes)) checker.check(event);
              expect(checker.end()).toEqual([]);
            }
            expect([row.status, row.errorMessage]).toEqual(['success', null]);
            const stable = text.replaceAll(row.requestId, 'ID').replace(/"created":\d+/g, '');
            first ??= stable;
            expect(stable, split.name).toBe(first);
          }
        },
      );

      test.each(streams.filter(healthy).map((recording) => [recording.id, recording] as const))(
        '%s: cut anywhere, one error ending',
        async (_, recording) => {
          const cuts = truncations(recording.body);
          // Long streams: a spread of their cuts, the last ones always.
          const step = Math.max(1, Math.floor(cuts.length / 40));
          const chosen = cuts.filter((_cut, index) => index % step === 0 || index >= cuts.length - 3);
          for (const cut of chosen) {
            const { response, bytes, row } = await exchange(client, provider, replyWith(cut.bytes));
            expect([cut.name, row.status]).toEqual([cut.name, 'truncated']);
            if (response.status !== 200) {
              expect(response.status).toBe(502);
              continue;
            }
            const events = eventsOf(bytes);
            expect(events.filter(isErrorEvent).length, cut.name).toBe(1);
            expect(isErrorEvent(events.at(-1) ?? { event: '', data: '{}' })).toBe(true);
            expect(events.some((event) => event.data === '[DONE]' || event.event === 'message_stop')).toBe(
              false,
            );
          }
        },
      );
    });
  }
}
