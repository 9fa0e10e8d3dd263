// Every recorded answer, read by Amazon's own SDK through the gateway, by Converse and by InvokeModel: it holds what Anthropic's
// SDK reads of the same answer, and, of an answer of Converse, what Amazon's reads from the recording itself.
import { afterAll, describe, expect, test } from 'bun:test';
import { createAmazonClient } from '../support/amazon-lab.ts';
import { type Recording, recordings } from '../support/recordings.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { replyWith } from '../support/reply.ts';
import type { Answer } from './answer.ts';
import { CLIENTS, WIRES } from './clients.ts';
import { gatewayFor } from './gateway-for.ts';
import { clientOf, readConverse, readInvoke } from './read-bedrock.ts';
import { createSummary, type Verdict } from './summary.ts';

const COLUMNS = ['converse', 'invoke'] as const;
const summary = createSummary(COLUMNS);
afterAll(() =>
  console.log(`\nRecorded answers × Amazon's clients through the gateway\n${summary.table()}\n`),
);

const CLAUDES = {
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 1_024,
  messages: [{ role: 'user', content: 'hi' }],
};

const READERS: Record<
  (typeof COLUMNS)[number],
  (gateway: ReturnType<typeof gatewayFor>, stream: boolean) => Promise<Answer>
> = {
  converse: ({ gateway }, stream) => readConverse(createAmazonClient(gateway), stream),
  async invoke({ gateway }, stream) {
    const text = await readInvoke(createAmazonClient(gateway), stream, CLAUDES);
    const headers = { 'content-type': stream ? 'text/event-stream' : 'application/json' };
    const { answer } = await CLIENTS.anthropic.ask(createReplayFetch(replyWith(text, { headers })).fetch, {
      stream,
      tools: [],
    });
    return answer;
  },
};

/** Anthropic's words for an ending that Converse has others for. */
const CONVERSES: Record<string, string> = {
  refusal: 'content_filtered',
  pause_turn: 'end_turn',
};

/** Ids of the gateway's own making differ from request to request. */
function comparable({ calls, seals, ...answer }: Answer): object {
  expect(calls.map(({ id }) => id)).not.toContain('');
  expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
  return {
    ...answer,
    seals: seals.toSorted(),
    calls: calls.map(({ name, arguments: given }) => ({ name, given })),
  };
}

/** Converse has no place for the parts of the counts. What it answers itself passes, or has been a message on the way. */
async function asConverse(answer: Answer, recording: Recording, stream: boolean): Promise<Answer> {
  if (recording.wire === 'bedrock-converse') {
    const own = await readConverse(clientOf(recording), recording.streamed);
    if (stream === recording.streamed || own.finish !== 'guardrail_intervened') return own;
    return { ...own, finish: 'content_filtered' };
  }
  const { usage, finish } = answer;
  return {
    ...answer,
    finish: CONVERSES[finish ?? ''] ?? finish,
    usage: usage && { ...usage, reasoning: 0 },
  };
}

/** Anthropic's own SDK waits for the blank line that the recorder cut off. */
const UNENDED = 'anthropic-messages/anthropic/anthropic-sdk-incomplete-partial-json-response';

function isRead({ id, features, streamed, body }: Recording): boolean {
  // Errors are in sdk-errors.test.ts; what Google sends those who ask for no events, no gateway gets.
  return (
    id !== UNENDED && !features.includes('in-stream-error') && !(streamed && body[0] === '['.charCodeAt(0))
  );
}

for (const wire of [...WIRES, 'bedrock-converse'] as const) {
  for (const recording of recordings(wire, { status: 'ok' }).filter(isRead)) {
    describe(recording.id, () => {
      for (const column of COLUMNS) {
        for (const stream of [true, false]) {
          test(`${column}, ${stream ? 'streamed' : 'whole'}`, async () => {
            let verdict: Verdict = 'fail';
            try {
              const asked = gatewayFor(recording);
              const { answer } = await CLIENTS.anthropic.ask(asked.fetch, { stream, tools: [] });
              const gateway = gatewayFor(recording);
              const actual = await READERS[column](gateway, stream);
              const expected = column === 'converse' ? await asConverse(answer, recording, stream) : answer;
              expect(comparable(actual)).toEqual(comparable(expected));
              expect((await gateway.row(0)).status).toBe('success');
              verdict = 'pass';
            } finally {
              summary.add(`${wire}, ${recording.streamed ? 'streamed' : 'whole'}`, column, verdict);
            }
          });
        }
      }
    });
  }
}
