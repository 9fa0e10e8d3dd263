// Recorded answers of the wires that no client speaks, read by the four vendors' SDKs through the gateway: what they
// hold is what the provider's own SDK reads from the recording.
import { afterAll, describe, expect, test } from 'bun:test';
import { type Recording, recordings } from '../support/recordings.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { replyWith } from '../support/reply.ts';
import type { Answer } from './answer.ts';
import { CLIENTS, VENDOR_SDKS } from './clients.ts';
import { gatewayFor } from './gateway-for.ts';
import { askConverse, unwrapInvoke } from './read-bedrock.ts';
import { createSummary } from './summary.ts';

/** What the provider's own SDK reads; InvokeModel's bytes are Anthropic's, and are read by its SDK. */
const OWN: Record<string, (recording: Recording) => Promise<Answer>> = {
  'bedrock-converse': askConverse,
  async 'bedrock-invoke'(recording) {
    const type = recording.streamed ? 'text/event-stream' : 'application/json';
    const reply = replyWith(await unwrapInvoke(recording), { headers: { 'content-type': type } });
    const { answer } = await CLIENTS.anthropic.ask(createReplayFetch(reply).fetch, {
      stream: recording.streamed,
      tools: [],
    });
    return answer;
  },
};

/** Other vendors' models have bodies of their own behind InvokeModel, as Anthropic's had before there were messages. */
const isOfAWire = ({ wire, meta, name }: Recording) =>
  wire !== 'bedrock-invoke' ||
  (/anthropic|claude/.test(`${meta.model} ${name}`) && name !== 'ddpy-anthropic-invoke');

const summary = createSummary(VENDOR_SDKS);
afterAll(() =>
  console.log(`\nRecorded answers of other wires × clients through the gateway\n${summary.table()}\n`),
);

/** Gemini counts what was written to a cache as any other input, Ollama also what was read from one. */
function inWordsOf(client: (typeof VENDOR_SDKS)[number], answer: Answer): Answer {
  const { usage } = answer;
  if (client === 'ollama' && usage !== null) {
    const input = usage.input + usage.cacheRead + usage.cacheWrite;
    return { ...answer, usage: { ...usage, input, cacheRead: 0, cacheWrite: 0, reasoning: 0 } };
  }
  if (client !== 'genai' || usage === null) return answer;
  return { ...answer, usage: { ...usage, input: usage.input + usage.cacheWrite, cacheWrite: 0 } };
}

/** Ids and endings are each dialect's own; they are tested where the wires are. */
function essence({ text, reasoning, calls, usage }: Answer) {
  return {
    text,
    reasoning,
    calls: calls.map(({ name, arguments: given }) => ({ name, arguments: given })),
    usage,
  };
}

for (const wire of Object.keys(OWN)) {
  for (const recording of recordings(wire, { status: 'ok' }).filter(isOfAWire)) {
    if (recording.features.includes('in-stream-error')) continue;
    describe(recording.id, () => {
      for (const name of VENDOR_SDKS) {
        for (const stream of [true, false]) {
          test(`${name}, ${stream ? 'streamed' : 'whole'}`, async () => {
            let verdict: 'pass' | 'fail' = 'fail';
            try {
              const expected = await OWN[wire]?.(recording);
              if (expected === undefined) throw new Error(`nobody reads ${wire}`);
              const gateway = gatewayFor(recording);
              const tools = [...new Set(expected.calls.map((call) => call.name))];
              const { answer } = await CLIENTS[name].ask(gateway.fetch, { stream, tools });
              expect(essence(answer)).toEqual(essence(inWordsOf(name, expected)));
              expect((await gateway.row(0)).status).toBe('success');
              verdict = 'pass';
            } finally {
              summary.add(`${wire}, ${stream ? 'streamed' : 'whole'}`, name, verdict);
            }
          });
        }
      }
    });
  }
}
