// How the streams of Amazon's clients end (GUARANTEES 14), from recordings of every dialect: whole they keep Converse's grammar, or that
// of Anthropic's events within InvokeModel's, however their bytes come; cut anywhere they have one exception and nothing behind it.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import { asString } from '../../../src/model/json/json.ts';
import { converseViolations } from '../../support/amazon-grammar.ts';
import { LAB_PROVIDER_OF, recordedStreams, SPOKEN_DIALECTS } from '../../support/client-requests.ts';
import { type ReadMessage, readMessages } from '../../support/event-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { type Reply, replyOf, replyWith } from '../../support/reply.ts';
import { allSplits, truncations } from '../../support/splits.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const CLIENTS = {
  'converse-stream': { messages: [{ role: 'user', content: [{ text: 'hi' }] }] },
  'invoke-with-response-stream': {
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 1_000,
    messages: [{ role: 'user', content: 'hi' }],
  },
} as const;
type Method = keyof typeof CLIENTS;

/** One gateway to ask again and again, since to make one takes as long as a short answer. */
function createExchanges(method: Method, provider: DialectId) {
  let reply: Reply | undefined;
  const upstream = createReplayFetch(() => reply ?? replyWith(''));
  const lab = { ...LAB_PROVIDERS[LAB_PROVIDER_OF[provider]], breaker: { enabled: false } };
  const { post, row } = createTestGateway({
    config: { providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
    host: { now: () => 1_700_000_000_000, monotonic: () => 0 },
  });
  let count = 0;
  return async (next: Reply) => {
    reply = next;
    const response = await post(`/model/m/${method}`, CLIENTS[method]);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const { status, requestId } = await row(count++);
    const messages = response.status === 200 ? readMessages(bytes).messages : [];
    return { response, messages, status, requestId };
  };
}

/** Anthropic's events within the messages. */
function eventsIn(messages: readonly ReadMessage[]) {
  return messages
    .filter(({ event }) => event === 'chunk')
    .map(({ fields }) => {
      const data = new TextDecoder().decode(Uint8Array.fromBase64(asString(fields.bytes) ?? ''));
      return { event: String(JSON.parse(data).type), data };
    });
}

/** A provider that states no counts leaves none to state. */
const WITHOUT_USAGE = /without usage$/;

const VIOLATIONS: Record<Method, (messages: readonly ReadMessage[]) => string[]> = {
  'converse-stream': converseViolations,
  'invoke-with-response-stream'(messages) {
    const checker = DIALECTS['anthropic-messages'].createGrammarChecker();
    for (const event of eventsIn(messages)) checker.check(event);
    return checker.end().filter((each) => !WITHOUT_USAGE.test(each));
  },
};

function isEnding({ event, fields }: ReadMessage): boolean {
  return (
    event === 'messageStop' ||
    (event === 'chunk' && eventsIn([{ event, fields }])[0]?.event === 'message_stop')
  );
}

for (const method of ['converse-stream', 'invoke-with-response-stream'] as const) {
  for (const provider of SPOKEN_DIALECTS) {
    const streams = recordedStreams(provider)
      .filter(({ features }) => !features.includes('in-stream-error'))
      .map((recording) => [recording.id, recording] as const);
    // Its bytes pass, with whatever they have.
    const passes = provider === 'anthropic-messages' && method === 'invoke-with-response-stream';

    describe(`${provider} → ${method}`, () => {
      test.each(streams)('%s: grammar holds and every split gives the same', async (_, recording) => {
        let first: string | undefined;
        const ask = createExchanges(method, provider);
        for (const split of allSplits(1)) {
          const { messages, status, requestId } = await ask(replyOf(recording, { split }));
          expect(status).toBe('success');
          if (!passes) expect(VIOLATIONS[method](messages)).toEqual([]);
          const events = method === 'converse-stream' ? messages : eventsIn(messages);
          const stable = JSON.stringify(events).replaceAll(requestId, 'ID');
          first ??= stable;
          expect(stable, split.name).toBe(first);
        }
      });

      test.each(streams)('%s: cut anywhere, one exception', async (_, recording) => {
        const cuts = truncations(recording.body);
        // Long streams: a spread of their cuts, the last ones always.
        const step = Math.max(1, Math.floor(cuts.length / 20));
        const chosen = cuts.filter((_cut, at) => at % step === 0 || at >= cuts.length - 3);
        const ask = createExchanges(method, provider);
        for (const cut of chosen) {
          const { response, messages, status } = await ask(replyWith(cut.bytes));
          expect([cut.name, status]).toEqual([cut.name, 'truncated']);
          if (response.status !== 200) {
            expect(response.status).toBe(500);
            continue;
          }
          const failed = messages.flatMap(({ event }, at) =>
            event.endsWith('Exception') ? [at - messages.length] : [],
          );
          expect([cut.name, ...failed]).toEqual([cut.name, -1]);
          expect(messages.some(isEnding)).toBe(false);
        }
      });
    });
  }
}
