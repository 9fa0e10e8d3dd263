// The loss table against recorded requests: a feature that one has is where the table says. What it calls carried
// is found again by the far dialect's own parser, or this request's circumstances cost it and it is named; what it
// calls lost is named.
import { TABLE_WIRES, WIRES, quirksOf } from '../../scripts/fidelity/wires.ts';
import { afterAll, describe, expect, test } from 'bun:test';
import { REQUEST_FEATURES } from '../../scripts/fidelity/catalogue.ts';
import { probeRequest } from '../../scripts/fidelity/probe-request.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import { GatewayError } from '../../src/model/errors.ts';
import type { NeutralRequest } from '../../src/model/request.ts';
import { RECORDED_AS } from '../support/client-requests.ts';
import { type Recording, recordings } from '../support/recordings.ts';
import { PRESENT_IN_REQUESTS } from './present-in-requests.ts';

const FEATURES = REQUEST_FEATURES.flatMap(({ features }) => [...features]);
/** Cells of the table that some recording has carried. */
const carried = new Set<string>();

function read(client: DialectId, { request }: Recording): NeutralRequest | undefined {
  if (request === undefined) return undefined;
  const route = { operation: 'generate', model: 'some-model', stream: false } as const;
  try {
    const body = client === 'gemini' ? request : { ...request, model: 'some-model' };
    return DIALECTS[client].client.parseRequest(body, route);
  } catch (thrown) {
    // Requests that were wrong in the first place: test/conformance/requests.test.ts.
    if (thrown instanceof GatewayError) return undefined;
    throw thrown;
  }
}

test('every feature of requests can be reported, or it says why not', () => {
  expect(Object.keys(PRESENT_IN_REQUESTS).toSorted()).toEqual(FEATURES.map(({ name }) => name).toSorted());
});

for (const client of DIALECT_IDS) {
  describe(client, () => {
    for (const recording of recordings(RECORDED_AS[client])) {
      const request = read(client, recording);
      if (request === undefined || request.boundTo !== undefined) continue;
      const present = FEATURES.filter(({ name }) => PRESENT_IN_REQUESTS[name]?.(request) === true);

      test(recording.id, () => {
        for (const wire of TABLE_WIRES) {
          if (wire === client) continue;
          const { model } = WIRES[wire];
          const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, {
            model,
            quirks: quirksOf(wire),
          });
          const far = DIALECT_IDS.find((id) => id === wire);
          const again = far && DIALECTS[far].client.parseRequest(body, { operation: 'generate', model });
          for (const feature of present) {
            const cell = probeRequest(feature, client, wire);
            const about = `${feature.name}, asked of ${wire}`;
            if (cell === undefined)
              throw new Error(`${about}: the table says that ${client} has no words for it`);
            if (cell.outcome.kind === 'carried') {
              if (again === undefined) continue;
              if (PRESENT_IN_REQUESTS[feature.name]?.(again) === true) carried.add(`${client} ${about}`);
              else expect({ about, named: losses.length > 0 }).toEqual({ about, named: true });
            } else {
              const names = cell.named.map((loss) => loss.feature);
              const isNamed = losses.some(
                (loss) => names.includes(loss.feature) || isTool(loss.feature, names),
              );
              expect({ about, isNamed }).toEqual({ about, isNamed: true });
            }
          }
        }
      });
    }
  });
}

/** Tools that the provider runs are named as the client calls them. */
function isTool(name: string, names: readonly string[]): boolean {
  return (
    name.startsWith('tools.') &&
    names.some((each) => each.startsWith('tools.') || each === 'web_search_options')
  );
}

afterAll(() => {
  console.log(`\ncells of the loss table that recorded requests have carried: ${carried.size}`);
});
