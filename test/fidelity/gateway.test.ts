// The loss table against the real gateway: what it calls carried reaches the provider and the client in their own
// words and is named nowhere; what it calls lost is in `x-sluice-lost` and in the audit row, and nothing else is.
import { ANSWERS, ASKS, TABLE_WIRES, WIRES, quirksOf } from '../../scripts/fidelity/wires.ts';
import { describe, expect, test } from 'bun:test';
import { ANSWER_FEATURES, REQUEST_FEATURES } from '../../scripts/fidelity/catalogue.ts';
import { says } from '../../scripts/fidelity/feature.ts';
import { probeAnswer } from '../../scripts/fidelity/probe-answer.ts';
import { formOf, modelFor, probeRequest } from '../../scripts/fidelity/probe-request.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { createFidelityLab } from './lab.ts';

const REQUESTS = REQUEST_FEATURES.flatMap(({ features }) => [...features]);
const ANSWERED = ANSWER_FEATURES.flatMap(({ features }) => [...features]);

const answerOf = (wire: (typeof TABLE_WIRES)[number]) =>
  ANSWERS[wire === 'bedrock-invoke' ? 'anthropic-messages' : wire];

const lostNames = (lost: readonly string[]) => lost.filter((name) => !name.includes(' (approximated'));
const substitutes = (lost: readonly string[]) => lost.filter((name) => name.includes(' (approximated'));

for (const client of DIALECT_IDS) {
  for (const wire of TABLE_WIRES) {
    const ask = createFidelityLab();

    describe(`${client} client, ${wire} provider`, () => {
      test('requests', async () => {
        for (const feature of REQUESTS) {
          const probe = probeRequest(feature, client, wire);
          if (probe === undefined) continue;
          const { outcome, named, body } = probe;
          const reply = await ask({
            client,
            wire,
            body,
            model: modelFor(feature, wire),
            answer: answerOf(wire),
          });
          const about = { feature: feature.name, status: reply.status };
          if (outcome.kind === 'refused') {
            expect(about).toEqual({ feature: feature.name, status: 400 });
            expect(reply.row.errorCode).toBe('unsupported_feature');
            expect(reply.arrived).toBeUndefined();
            continue;
          }
          expect(about).toEqual({ feature: feature.name, status: 200 });
          const lost = named.filter((loss) => loss.outcome === 'lost').map((loss) => loss.feature);
          expect({ ...about, lost: reply.header.toSorted() }).toEqual({ ...about, lost: lost.toSorted() });
          expect({ ...about, lost: lostNames(reply.row.lost).toSorted() }).toEqual({
            ...about,
            lost: lost.toSorted(),
          });
          if (outcome.kind === 'carried') {
            const form = formOf(feature, wire);
            if (form === null || reply.arrived === undefined) throw new Error(`${feature.name} has no form`);
            expect(reply.row.lost).toEqual([]);
            expect({ ...about, says: says(reply.arrived, form) }).toEqual({ ...about, says: true });
            expect({ ...about, says: client === wire || says(saidAgain(wire, reply.arrived), form) }).toEqual(
              {
                ...about,
                says: true,
              },
            );
          }
          if (outcome.kind === 'approximated') {
            for (const { how = '' } of named) {
              expect(how).not.toBe('');
              expect(substitutes(reply.row.lost).join()).toContain(how);
            }
          }
        }
      });

      // A whole answer told as a stream of its own wire is no passing of bytes.
      const forms = client === wire ? [false] : [false, true];
      test.each(forms)('answers, streamed: %s', async (stream) => {
        for (const feature of ANSWERED) {
          const probe = probeAnswer(feature, client, wire);
          if (probe === undefined) continue;
          const { outcome, lost, body: answer } = probe;
          const { model } = WIRES[wire];
          const reply = await ask({ client, wire, body: ASKS[client], model, stream, answer });
          const about = { feature: feature.name, status: 200 };
          expect({
            feature: feature.name,
            status: reply.status,
            lost: lostNames(reply.row.lost).toSorted(),
          }).toEqual({
            ...about,
            lost: lost.toSorted(),
          });
          if (outcome.kind === 'approximated' && lost.length === 0)
            expect({ ...about, substitutes: substitutes(reply.row.lost).length }).not.toEqual({
              ...about,
              substitutes: 0,
            });
          if (outcome.kind === 'carried') expect(reply.row.lost).toEqual([]);
        }
      });
    });
  }
}

/** What a dialect's own decoder reads, in its own words again; other wires are read by providers alone. */
function saidAgain(wire: (typeof TABLE_WIRES)[number], body: JsonObject): JsonObject {
  const dialect = DIALECT_IDS.find((id) => id === wire);
  if (dialect === undefined) return body;
  const { client, provider } = DIALECTS[dialect];
  const { model } = WIRES[wire];
  const request = client.parseRequest(body, { operation: 'generate', model, stream: false });
  const asked = typeof body.model === 'string' ? body.model : model;
  return provider.buildRequest(request, { model: asked, quirks: quirksOf(wire) }).body;
}
