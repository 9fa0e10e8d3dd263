// What becomes of one feature of a request: the client's form goes through the codecs, and the body that a
// provider would get is compared with its own form of the feature.
import type { TableWire } from './wires.ts';
import { fitToolNames, reportToolNames } from '../../src/dialects/shared/tools/tool-names.ts';
import { GatewayError } from '../../src/model/errors.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import { asString, type JsonObject } from '../../src/model/json/json.ts';
import { mayHoldForeignToken } from '../../src/model/opaque-token.ts';
import type { Loss } from '../../src/model/request.ts';
import { type Feature, type Form, merge, says } from './feature.ts';
import { ASKS, clientOf, quirksOf, sideOf, WIRES } from './wires.ts';

export type Outcome =
  | { kind: 'carried' }
  | { kind: 'approximated'; how: string }
  | { kind: 'lost' }
  | { kind: 'refused' };

export interface Probe {
  /** What the client posts. */
  body: JsonObject;
  outcome: Outcome;
  /** Losses that the feature added, as they are named. */
  named: Loss[];
}

export function formOf(feature: Feature, wire: TableWire): Form {
  if (wire !== 'bedrock-invoke') return feature.forms[wire];
  const { invokeHeaders: headers } = feature;
  return headers === undefined ? feature.forms['anthropic-messages'] : { headers };
}

export function modelFor(feature: Feature, wire: TableWire): string {
  const { model, reasoningModel } = WIRES[wire];
  return feature.models?.[wire] ?? (feature.reasons === true ? reasoningModel : model);
}

/** Undefined where the client has no form for the feature. Throws where it neither arrives nor is named. */
export function probeRequest(feature: Feature, client: DialectId, wire: TableWire): Probe | undefined {
  const clientForm = feature.forms[client];
  if (clientForm === null && feature.sends === undefined) return undefined;
  if (feature.clients !== undefined ? !feature.clients.includes(client) : clientForm === null)
    return undefined;
  const model = modelFor(feature, wire);
  const body = merge(ASKS[client], feature.sends?.(client, wire) ?? clientForm ?? {});
  try {
    const built = build(client, wire, model, body);
    const bare = build(client, wire, model, ASKS[client]);
    const known = new Set(bare.losses.map(({ feature: name }) => name));
    const named = built.losses.filter(({ feature: name }) => !known.has(name));
    const form = formOf(feature, wire);
    const arrives = form !== null && says({ ...built.body, headers: built.headers }, form);
    return {
      body,
      named,
      outcome: judge(arrives, named, `${feature.name}: ${client} to ${wire}`, built.body),
    };
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.code !== 'unsupported_feature') throw thrown;
    return { body, named: [], outcome: { kind: 'refused' } };
  }
}

function judge(arrives: boolean, named: readonly Loss[], what: string, body: JsonObject): Outcome {
  const lost = named.filter(({ outcome }) => outcome === 'lost');
  const substitutes = named.filter(({ outcome }) => outcome === 'approximated');
  if (lost.length > 0) {
    if (arrives) throw new Error(`${what}: named as lost (${lost[0]?.feature}), and it arrives`);
    return { kind: 'lost' };
  }
  if (substitutes.length > 0) {
    return { kind: 'approximated', how: substitutes.map(({ how, feature }) => how ?? feature).join('; ') };
  }
  if (arrives) return { kind: 'carried' };
  throw new Error(`${what}: neither arrives nor is named: ${JSON.stringify(body)}`);
}

function build(client: DialectId, wire: TableWire, model: string, body: JsonObject) {
  const side = sideOf(wire);
  const quirks = quirksOf(wire);
  if (client === wire && !mayHoldForeignToken(JSON.stringify(body))) {
    const asked = { ...body, ...(client === 'gemini' ? {} : { model }) };
    const edits = side.passthrough.edits(asked, quirks);
    const losses = side.passthrough.losses?.(asked, quirks) ?? [];
    return { body: { ...asked, ...edits }, headers: {}, losses };
  }
  const request = clientOf(client).parseRequest(body, {
    operation: 'generate',
    model: asString(body.model) ?? 'any',
    stream: false,
  });
  const { boundTo } = request;
  if (boundTo !== undefined && boundTo.dialect !== wire) {
    throw new GatewayError('unsupported_feature', boundTo.problem);
  }
  const { request: fitted, names } = fitToolNames(request, side.toolNames);
  const built = side.buildRequest(fitted, { model, quirks });
  return { body: built.body, headers: built.headers ?? {}, losses: reportToolNames(built, names) };
}
