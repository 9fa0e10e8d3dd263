// The loss table against recorded answers: a feature that a recording has is where the table says. What it calls
// carried is found again by a decoder of the client's dialect; what it calls lost is named.
import { TABLE_WIRES, type TableWire } from '../../scripts/fidelity/wires.ts';
import { afterAll, describe, expect, test } from 'bun:test';
import { ANSWER_FEATURES } from '../../scripts/fidelity/catalogue.ts';
import { probeAnswer, encodeStreamed, encodeWhole } from '../../scripts/fidelity/probe-answer.ts';
import type { EventTaker } from '../../src/dialects/dialect.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { ReasoningPart } from '../../src/model/content.ts';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import { type JsonObject, parseObject } from '../../src/model/json/json.ts';
import { isSeal } from '../../src/model/opaque-token.ts';
import { createResponseCollector } from '../../src/model/replay.ts';
import type { NeutralResponse } from '../../src/model/response.ts';
import { readEvents } from '../support/read-events.ts';
import { type Recording, recordings } from '../support/recordings.ts';
import { PRESENT_IN_ANSWERS } from './present-in-answers.ts';

const RECORDED_AS: Record<TableWire, string> = {
  'anthropic-messages': 'anthropic-messages',
  'openai-chat': 'openai-chat',
  'openai-responses': 'openai-responses',
  gemini: 'gemini-generate',
  'ollama-chat': 'ollama-chat',
  'bedrock-converse': 'bedrock-converse',
  'bedrock-invoke': 'bedrock-invoke',
};

const FEATURES = ANSWER_FEATURES.flatMap(({ features }) => [...features]);
const found = new Map<string, number>();

/** What the provider said, undefined where the recording is of no answer. */
async function read(wire: TableWire, recording: Recording): Promise<NeutralResponse | undefined> {
  const side = PROVIDER_SIDES[wire];
  try {
    if (!recording.streamed) {
      const body = parseObject(new TextDecoder().decode(recording.body));
      return body === undefined || side.errorInBody(body) !== undefined
        ? undefined
        : side.parseResponse(body);
    }
    const collector = createResponseCollector();
    const decoder = side.createStreamDecoder(collector);
    if (side.loadFraming === undefined) for (const event of readEvents(recording.body)) decoder.decode(event);
    else {
      const framing = (await side.loadFraming())(Number.POSITIVE_INFINITY);
      const taker: EventTaker = {
        take(event) {
          decoder.decode(event);
          return undefined;
        },
        padding: undefined,
        numbers: undefined,
        repeat: () => false,
        count() {},
      };
      framing.push(recording.body, taker);
      framing.flush(taker);
    }
    decoder.end();
    return collector.response();
  } catch {
    // Broken and failed answers: test/gateway/answers/bad-answers.test.ts, test/conformance/sdk-errors.test.ts.
    return undefined;
  }
}

/** In a stream for Gemini's clients, a call takes along the signature of the thought before it. */
const TAKEN_ALONG: Record<string, string> = {
  'signature of thinking, to be sent back': 'signature of a call, to be sent back',
};

/** What a client of Ollama is told of seals depends on the answer: calls carry those before them, and some seal nothing. */
const OF_SEALS = new Set([
  'thinking',
  'signature of thinking, to be sent back',
  'thinking that only the provider can read',
]);

function isCarriedByCalls(client: DialectId, feature: string, body: JsonObject, answer: NeutralResponse) {
  if (client !== 'ollama-chat' || !OF_SEALS.has(feature)) return false;
  const isSealed = ({ redacted, signature }: ReasoningPart) => {
    const token = redacted ?? signature;
    return token !== undefined && isSeal(token);
  };
  const sealed = answer.parts.some((part) => part.type === 'reasoning' && isSealed(part));
  return !sealed || JSON.stringify(body).includes('__sluice_');
}

/** Tools that the provider runs are named as the provider calls them. */
function isNamed(name: string, names: readonly string[]): boolean {
  return (
    names.includes(name) || (name.startsWith('tools.') && names.some((each) => each.startsWith('tools.')))
  );
}

test('every feature of answers can be reported, or it says why not', () => {
  expect(Object.keys(PRESENT_IN_ANSWERS).toSorted()).toEqual(FEATURES.map(({ name }) => name).toSorted());
});

for (const wire of TABLE_WIRES) {
  describe(wire, () => {
    for (const recording of recordings(RECORDED_AS[wire], { status: 'ok' })) {
      test(recording.id, async () => {
        const answer = await read(wire, recording);
        if (answer === undefined) return;
        const present = FEATURES.filter(({ name }) => PRESENT_IN_ANSWERS[name]?.(answer) === true);
        for (const { name } of present)
          found.set(`${wire}: ${name}`, (found.get(`${wire}: ${name}`) ?? 0) + 1);
        for (const client of DIALECT_IDS) {
          if (client === wire) continue;
          const encoded = recording.streamed ? encodeStreamed(client, answer) : encodeWhole(client, answer);
          const again = DIALECTS[client].provider.parseResponse(encoded.body);
          for (const feature of present) {
            const cell = probeAnswer(feature, client, wire);
            const about = `${feature.name}, told to ${client}`;
            if (cell === undefined)
              throw new Error(`${about}: the table says that ${wire} has no words for it`);
            const isTold = [feature.name, TAKEN_ALONG[feature.name] ?? ''].some(
              (name) => PRESENT_IN_ANSWERS[name]?.(again) === true,
            );
            if (isCarriedByCalls(client, feature.name, encoded.body, answer)) continue;
            // A recorded source may say less than the table's: nothing of it needs a name then.
            if (isTold && cell.outcome.kind === 'approximated' && feature.name.startsWith('citation '))
              continue;
            if (cell.outcome.kind === 'carried') {
              // What only this recording has may be more than the client's dialect can hold: then it is named.
              if (!isTold && encoded.lost.length === 0)
                throw new Error(`${about}: neither carried nor named`);
            } else if (cell.lost.length > 0) {
              expect({ about, named: encoded.lost.some((name) => isNamed(name, cell.lost)) }).toEqual({
                about,
                named: true,
              });
            } else
              expect({ about, substitutes: encoded.substitutes.length > 0 }).toEqual({
                about,
                substitutes: true,
              });
          }
        }
      });
    }
  });
}

afterAll(() => {
  const wires = new Set([...found.keys()].map((key) => key.slice(0, key.indexOf(':'))));
  console.log(`\nfeatures of the loss table found in recorded answers: ${found.size} of ${wires.size} wires`);
});
