// A sample over real sockets on both sides: the SDKs' own HTTP, the gateway behind Bun's server, and a provider
// that sends what was recorded in pieces cut at random.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHttpHost, type HttpHost } from '../../src/server/host.ts';
import { type Recording, recordings } from '../support/recordings.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { replyOf } from '../support/reply.ts';
import { FIRST_SEED, randomSplit } from '../support/splits.ts';
import { createTestGateway } from '../support/test-gateway.ts';
import { CLIENT_NAMES, CLIENTS, OWN_SDK } from './clients.ts';
import { expectedAnswer } from './expected.ts';
import { directFetch } from './gateway-for.ts';

const WIRES = ['anthropic-messages', 'openai-chat'] as const;
type Wire = (typeof WIRES)[number];

/** One recording for each of these, streamed and whole, per wire. */
const SAMPLE = ['parallel-tools', 'thinking', 'reasoning_content', 'multi-byte', 'cache', 'citations'];

function sample(wire: Wire): Recording[] {
  const chosen = new Set<Recording>();
  for (const streamed of [true, false]) {
    const ok = recordings(wire, { status: 'ok', streamed });
    // Without the shared set none of the features may be there.
    const [any] = ok;
    if (any !== undefined) chosen.add(any);
    for (const feature of SAMPLE) {
      const found = ok.find((recording) => recording.features.includes(feature) && !chosen.has(recording));
      if (found !== undefined) chosen.add(found);
    }
  }
  return [...chosen];
}

for (const wire of WIRES) {
  describe(`${wire} over HTTP`, () => {
    let upstream: ReplayUpstream;
    let host: HttpHost;

    beforeAll(async () => {
      upstream = await startReplayUpstream(() => {
        throw new Error('each test says what is answered');
      });
      const base = wire === 'anthropic-messages' ? upstream.url : `${upstream.url}/v1`;
      const lab = { dialect: wire, base_url: base, api_key: 'lab-key', max_retries: 0 };
      const { gateway } = createTestGateway({
        config: { providers: { lab }, routing: { default_provider: 'lab' } },
        fetch: (url, init) => fetch(url, init),
      });
      host = createHttpHost({
        hostname: '127.0.0.1',
        port: 0,
        maxBody: 1_000_000,
        fetch: (request) => gateway.fetch(request),
        onError: (error) => console.error(error),
      });
    });

    afterAll(async () => {
      await host.drain(0);
      await upstream.stop();
    });

    for (const [at, recording] of sample(wire).entries()) {
      for (const name of CLIENT_NAMES) {
        test(`${recording.id}: ${name}`, async () => {
          upstream.answer(replyOf(recording, { split: randomSplit(FIRST_SEED + at) }));
          const asked = { stream: recording.streamed, tools: [] };
          const { answer } = await OWN_SDK[wire].ask(directFetch(recording), asked);
          const tools = answer.calls.map((call) => call.name);
          const client = CLIENTS[name];
          const options = { stream: recording.streamed, tools, origin: host.url };
          const through = await client.ask((url, init) => fetch(url, init), options);
          if (client.dialect !== wire) {
            expect(through.answer).toEqual(expectedAnswer(recording, answer, name).expected);
          } else {
            const direct = await client.ask(directFetch(recording), options);
            expect(through.raw).toEqual(direct.raw);
          }
        });
      }
    }
  });
}
