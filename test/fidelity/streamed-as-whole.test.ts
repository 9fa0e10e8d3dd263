// A documented answer that a provider streams tells clients of other dialects the same as the whole one, and the same is
// named as lost: the two are read by different code.
import { describe, expect, test } from 'bun:test';
import { encodeStreamed, encodeWhole } from '../../scripts/fidelity/probe-answer.ts';
import { ANSWERS, clientOf, TABLE_WIRES } from '../../scripts/fidelity/wires.ts';
import type { AnswerContext } from '../../src/dialects/dialect.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { Sequencer } from '../../src/gateway/pumps/sequence.ts';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { createResponseCollector } from '../../src/model/replay.ts';
import { readEvents } from '../support/read-events.ts';
import { DOCUMENTED_ANSWERS } from './documented-answers.ts';
import { streamOf } from './documented-streams.ts';

type Wire = keyof typeof ANSWERS;

const WIRES = TABLE_WIRES.filter((wire): wire is Wire => wire in ANSWERS);

function tellStream(client: DialectId, wire: Wire, body: JsonObject) {
  const lost = new Set<string>();
  const substitutes = new Set<string>();
  const context: AnswerContext = {
    requestId: 'probe',
    model: 'some-model',
    created: 1,
    includeUsage: true,
    lost: (name) => lost.add(name),
    approximated: (_, how) => substitutes.add(how),
  };
  const encoder = clientOf(client).createStreamEncoder(context);
  let text = '';
  const sequencer = new Sequencer({
    see(event) {
      text += encoder.encode(event);
    },
  });
  const decoder = PROVIDER_SIDES[wire].createStreamDecoder(sequencer);
  for (const event of streamOf(wire, body)) decoder.decode(event);
  decoder.end();
  const collector = createResponseCollector();
  const again = DIALECTS[client].provider.createStreamDecoder(collector);
  for (const event of readEvents(new TextEncoder().encode(text))) again.decode(event);
  again.end();
  return {
    body: encodeWhole(client, collector.response()).body,
    lost: [...lost],
    substitutes: [...substitutes],
  };
}

/** Audio comes in pieces through a whole stream, and is told at its end: test/gateway/carry. */
function withoutAudio(answer: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(answer), (name, value) => (name === 'audio' ? undefined : value));
}

const named = ({ lost, substitutes }: { lost: string[]; substitutes: string[] }) => ({
  lost: lost.toSorted(),
  substitutes: substitutes.toSorted(),
});

for (const wire of WIRES) {
  describe(wire, () => {
    for (const client of DIALECT_IDS) {
      if (client === wire) continue;
      test(`sent to ${client}`, () => {
        for (const documented of DOCUMENTED_ANSWERS[wire]) {
          const body = withoutAudio(documented);
          const read = PROVIDER_SIDES[wire].parseResponse(body);
          const streamed = tellStream(client, wire, body);
          expect(named(streamed)).toEqual(named(encodeWhole(client, read)));
          expect(streamed.body).toEqual(encodeStreamed(client, read).body);
        }
      });
    }
  });
}
