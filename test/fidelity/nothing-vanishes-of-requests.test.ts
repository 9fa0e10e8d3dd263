// No field of a recorded or documented request vanishes: leave any one out, however deep, and what the provider is sent changes, or
// what is named as lost. A field that changes neither is one that only spells out a default.
import { describe, expect, test } from 'bun:test';
import { quirksOf, TABLE_WIRES, type TableWire, WIRES } from '../../scripts/fidelity/wires.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import { GatewayError } from '../../src/model/errors.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { RECORDED_AS } from '../support/client-requests.ts';
import { recordings } from '../support/recordings.ts';
import { DOCUMENTED } from './documented-requests.ts';
import { isEmpty, type Variant, variantsOf } from './left-out.ts';
import { saysNothing } from './says-nothing.ts';

interface Outcome {
  /** False for a request that is wrong in the first place. */
  valid: boolean;
  sent: string;
  named: string[];
}

function outcome(client: DialectId, wire: TableWire, body: JsonObject): Outcome {
  try {
    const asked = client === 'gemini' ? body : { ...body, model: 'some-model' };
    const route = { operation: 'generate', model: 'some-model', stream: false } as const;
    const request = DIALECTS[client].client.parseRequest(asked, route);
    if (request.boundTo !== undefined)
      return { valid: false, sent: `bound by ${request.boundTo.field}`, named: [] };
    const built = PROVIDER_SIDES[wire].buildRequest(request, {
      model: WIRES[wire].model,
      quirks: quirksOf(wire),
    });
    const named = built.losses.map(({ feature, how = '' }) => `${feature} ${how}`);
    return { valid: true, sent: JSON.stringify([built.body, request.includeUsage, request.stream]), named };
  } catch (thrown) {
    if (thrown instanceof GatewayError) return { valid: false, sent: thrown.message, named: [] };
    throw thrown;
  }
}

for (const client of DIALECT_IDS) {
  const variants = new Map<string, Variant>();
  const recorded = recordings(RECORDED_AS[client]).flatMap(({ request }) =>
    request === undefined ? [] : [request],
  );
  for (const request of [...recorded, ...DOCUMENTED[client]]) {
    for (const variant of variantsOf(request)) {
      if (variant.pattern === 'model') continue;
      const size = JSON.stringify(variant.value);
      // Each place with a few of its values.
      const key = `${variant.pattern} ${size.length < 40 ? size : 'long'}`;
      if (!variants.has(key)) variants.set(key, variant);
    }
  }

  describe(client, () => {
    test('what is documented is taken', () => {
      for (const request of DOCUMENTED[client])
        for (const wire of TABLE_WIRES)
          expect([wire, outcome(client, wire, request)]).toMatchObject([wire, { valid: true }]);
    });

    for (const wire of TABLE_WIRES) {
      if (wire === client) continue;
      test(`to ${wire}`, () => {
        const vanished = new Set<string>();
        for (const variant of variants.values()) {
          const { pattern, name, value, whole, without, withoutHolder } = variant;
          if (name === 'type' || isEmpty(value) || saysNothing(client, pattern, value)) continue;
          const all = outcome(client, wire, whole);
          if (!all.valid) continue;
          if (!Bun.deepEquals(all, outcome(client, wire, without))) continue;
          // Another of its kind is named in the same request, or what holds it is named.
          const isNamed =
            all.named.some((told) => told.split(/[ .]/).includes(name)) ||
            withoutHolder.some((holder) => !Bun.deepEquals(all.named, outcome(client, wire, holder).named));
          if (!isNamed) vanished.add(`${pattern}: ${JSON.stringify(value).slice(0, 60)}`);
        }
        expect([...vanished].sort()).toEqual([]);
      });
    }
  });
}
