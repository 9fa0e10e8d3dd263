// Streams that end too soon at every event and inside each, continued by another target: the client reads one whole
// answer in its dialect's grammar (docs/adr/0009), whatever the two targets speak.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId } from '../../../src/model/dialect-id.ts';
import { createSimulator } from '../../../src/simulator/index.ts';
import { FRAME_FORMATS } from '../../../src/sse/frame-format.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';
import { foreignTo } from '../../faults/fault-lab.ts';
import { QUESTION_OF } from '../../faults/question.ts';
import { readStream } from '../../faults/read-answer.ts';
import { createVirtualTime } from '../../simulator/virtual-time.ts';

/** With white space of several kinds at its cuts, and letters of several bytes. */
const TEXT = 'One two,\n\nthrée  four\tfünf – six';

const simulator = createSimulator(createVirtualTime());
const simulate = (url: string, init?: RequestInit) => simulator.fetch(new Request(url, init));

const at = (name: string, dialect: DialectId) => ({
  dialect,
  base_url: `http://simulator.test/${name}${dialect.startsWith('openai') ? '/v1' : ''}`,
  api_key: 'key-of-lab',
  max_retries: 0,
  breaker: { enabled: false },
});

/** The whole stream that a provider of this dialect sends. */
async function streamOf(dialect: DialectId): Promise<Uint8Array> {
  const asked: Uint8Array[] = [];
  const lab = createTestGateway({
    config: { providers: { whole: at('whole', dialect) }, routing: { default_provider: 'whole' } },
    async fetch(url, init) {
      const response = await simulate(url, init);
      asked.push(new Uint8Array(await response.clone().arrayBuffer()));
      return response;
    },
  });
  const { path, body } = clientRequest(dialect, {
    model: 'echo,fast',
    stream: true,
    more: QUESTION_OF[dialect](TEXT),
  });
  await (await lab.post(path, body)).text();
  return asked[0] ?? new Uint8Array();
}

/** Behind each event, and in the middle of each. */
function cutsOf(dialect: DialectId, bytes: Uint8Array): number[] {
  const { framing = 'sse' } = DIALECTS[dialect].provider;
  const cuts: number[] = [];
  let end = 0;
  for (const frame of FRAME_FORMATS[framing].createSplitter(1 << 20).push(bytes).frames) {
    cuts.push(end + Math.floor(frame.length / 2), end + frame.length);
    end += frame.length;
  }
  return cuts.filter((cut) => cut < bytes.length);
}

for (const client of DIALECT_IDS) {
  for (const provider of DIALECT_IDS) {
    test(`${provider} breaks off, for ${client}`, async () => {
      const bytes = await streamOf(provider);
      const next = provider === client ? foreignTo(client) : client;
      for (const cut of cutsOf(provider, bytes)) {
        const broken = createReplayFetch(replyWith(bytes, { fault: { kind: 'cut', after: cut } }));
        const lab = createTestGateway({
          config: {
            providers: { broken: at('broken', provider), next: at('next', next) },
            routing: {
              default_provider: 'broken',
              fallback_chain: ['next/echo,fast'],
              continue_streams: true,
            },
          },
          fetch: (url, init) =>
            (new URL(url).pathname.startsWith('/broken') ? broken.fetch : simulate)(url, init),
        });
        const { path, body } = clientRequest(client, { stream: true, more: QUESTION_OF[client](TEXT) });
        const response = await lab.post(path, body);
        const answer = readStream(client, new Uint8Array(await response.arrayBuffer()));
        const where = { cut, tail: new TextDecoder().decode(bytes.subarray(cut - 60, cut)) };
        // An answer that only lacks the dialect's last formality is whole, and nobody goes on with it.
        const violations = answer.violations.filter(
          (violation) => client !== provider || !violation.endsWith('without [DONE] or error'),
        );
        expect({ ...answer, violations, where }).toEqual({
          text: TEXT,
          endings: ['finish'],
          finish: 'end_turn',
          error: '',
          violations: [],
          where,
        });
        expect(await lab.row(0)).toMatchObject({ status: 'success', errorCode: null });
      }
    });
  }
}

describe('the cuts', () => {
  test.each([...DIALECT_IDS])('are many: %s', async (dialect) => {
    expect(cutsOf(dialect, await streamOf(dialect)).length).toBeGreaterThan(10);
  });
});
