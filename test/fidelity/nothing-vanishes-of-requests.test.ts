// No field of a recorded or documented request vanishes: if any one is left out, however deep, then what the provider is sent
// changes, or what is named as lost. A field that changes neither only spells out a default.
import { describe, expect, test } from 'bun:test';
import { quirksOf, TABLE_WIRES, type TableWire, WIRES } from '../../scripts/fidelity/wires.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { Quirks } from '../../src/dialects/quirks.ts';
import { DIALECT_IDS, type DialectId, type ProviderDialectId } from '../../src/model/dialect-id.ts';
import { GatewayError } from '../../src/model/errors.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { findProviderKind } from '../../src/providers/kinds.ts';
import { MODELS } from '../providers/row-lab.ts';
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

interface Target {
  dialect: ProviderDialectId;
  model: string;
  quirks: Quirks;
}

const ofWire = (wire: TableWire): Target => ({
  ...{ dialect: wire, model: WIRES[wire].model },
  quirks: quirksOf(wire),
});

/** Rows of providers and models that differ in what they take. */
const ROWS: [kind: string, model: string][] = [
  ...Object.entries(MODELS),
  ['openai', 'gpt-5'],
  ['anthropic', 'claude-3-5-haiku'],
  ['anthropic', 'claude-opus-4-6'],
  ['anthropic', 'claude-opus-4-8'],
  ['gemini', 'gemini-3-pro'],
  ['vertex', 'gemini-2.5-flash'],
  ['antigravity', 'gemini-3-pro'],
  ['bedrock', 'anthropic.claude-opus-4-6-v1'],
  ['bedrock', 'amazon.nova-pro-v1:0'],
  ['bedrock', 'amazon.nova-2-lite-v1:0'],
  ['bedrock', 'openai.gpt-oss-120b-1:0'],
  ['bedrock', 'meta.llama3-70b-instruct-v1:0'],
  ['ollama', 'gpt-oss:20b'],
  ['deepseek', 'deepseek-v4'],
  ['moonshot', 'kimi-k3'],
  ['qwen', 'qwen3.5-plus'],
  ['groq', 'qwen3-32b'],
  ['glm', 'glm-5.3'],
];

function ofRow(kind: string, model: string): Target {
  const row = findProviderKind(kind);
  if (row === undefined || row.dialect === 'any') throw new Error(`no row ${kind} with a dialect`);
  return { dialect: row.dialect, model, quirks: row.quirks };
}

function outcome(client: DialectId, { dialect, model, quirks }: Target, body: JsonObject): Outcome {
  try {
    const asked = client === 'gemini' ? body : { ...body, model: 'some-model' };
    const route = { operation: 'generate', model: 'some-model', stream: false } as const;
    const request = DIALECTS[client].client.parseRequest(asked, route);
    if (request.boundTo !== undefined)
      return { valid: false, sent: `bound by ${request.boundTo.field}`, named: [] };
    const built = PROVIDER_SIDES[dialect].buildRequest(request, {
      ...{ model, quirks, requestId: 'request-1' },
      settings: { project: 'project-1' },
    });
    const named = built.losses.map(({ feature, how = '' }) => `${feature} ${how}`);
    // What a field changes in the answer is no less.
    const { includeUsage, readsReasoningDetails, stream } = request;
    const sent = [built.body, { ...built.headers }, includeUsage, readsReasoningDetails, stream];
    return { valid: true, sent: JSON.stringify(sent), named };
  } catch (thrown) {
    if (thrown instanceof GatewayError) return { valid: false, sent: thrown.message, named: [] };
    throw thrown;
  }
}

/** The places of which nothing arrives and nothing is said. */
function vanished(client: DialectId, target: Target, variants: Iterable<Variant>): string[] {
  const found = new Set<string>();
  for (const variant of variants) {
    const { pattern, name, value, whole, without, withoutHolder } = variant;
    if (name === 'type' || isEmpty(value) || saysNothing(client, pattern, value)) continue;
    const all = outcome(client, target, whole);
    if (!all.valid) continue;
    if (!Bun.deepEquals(all, outcome(client, target, without))) continue;
    // Another of its kind is named in the same request, or what holds it is named.
    const isNamed =
      all.named.some((feature) => feature.split(/[ .]/).includes(name)) ||
      withoutHolder.some((holder) => !Bun.deepEquals(all.named, outcome(client, target, holder).named));
    if (!isNamed) found.add(`${pattern}: ${JSON.stringify(value).slice(0, 60)}`);
  }
  return [...found].sort();
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
          expect([wire, outcome(client, ofWire(wire), request)]).toMatchObject([wire, { valid: true }]);
    });

    for (const wire of TABLE_WIRES) {
      if (wire === client) continue;
      test(`to ${wire}`, () => {
        expect(vanished(client, ofWire(wire), variants.values())).toEqual([]);
      });
    }
    const documented = DOCUMENTED[client].flatMap((request) => [...variantsOf(request)]);
    for (const [kind, model] of ROWS) {
      if (findProviderKind(kind)?.dialect === client) continue;
      test(`to ${model} of ${kind}`, () => {
        expect(vanished(client, ofRow(kind, model), documented)).toEqual([]);
      });
    }
  });
}
