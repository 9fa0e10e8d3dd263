// What becomes of one feature of an answer: the provider's form goes through the codecs, whole and as a stream,
// and what the client reads is compared with its own form of the feature.
import type { TableWire } from './wires.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';
import type { AnswerContext } from '../../src/dialects/dialect.ts';
import { Sequencer } from '../../src/gateway/pumps/sequence.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import { asArray, asObject, type JsonObject } from '../../src/model/json/json.ts';
import { createResponseCollector, responseToEvents } from '../../src/model/replay.ts';
import type { NeutralResponse } from '../../src/model/response.ts';
import { FRAME_FORMATS } from '../../src/sse/frame-format.ts';
import type { AnswerFeature, SpokenId } from './feature.ts';
import { merge, says } from './feature.ts';
import type { Outcome } from './probe-request.ts';
import { ANSWERS, clientOf, sideOf } from './wires.ts';

export interface AnswerProbe {
  /** What the provider answers. */
  body: JsonObject;
  outcome: Outcome;
  /** What is named as lost, and what as approximated. */
  lost: string[];
}

interface ClientAnswer {
  body: JsonObject;
  lost: string[];
  substitutes: string[];
}

function spoken(wire: TableWire): SpokenId {
  return wire === 'bedrock-invoke' ? 'anthropic-messages' : wire;
}

/** Undefined where the provider has no form for the feature. Throws where it neither arrives nor is named. */
export function probeAnswer(
  feature: AnswerFeature,
  client: DialectId,
  wire: TableWire,
): AnswerProbe | undefined {
  const form = feature.forms[spoken(wire)];
  if (form === null) return undefined;
  const body = answerWith(spoken(wire), form);
  // The same bytes.
  if (client === wire) return { body, outcome: { kind: 'carried' }, lost: [] };
  const response = sideOf(wire).parseResponse(body);
  const bare = encodeWhole(client, sideOf(wire).parseResponse(answerWith(spoken(wire), {})));
  const whole = encodeWhole(client, response);
  const streamed = encodeStreamed(client, response);
  const what = `${feature.name}: ${wire} to ${client}`;
  const lost = without(whole.lost, bare.lost);
  const substitutes = without(whole.substitutes, bare.substitutes);
  for (const [field, named] of [
    ['lost', lost],
    ['substitutes', substitutes],
  ] as const) {
    const other = without(streamed[field], bare[field]);
    if (other.toSorted().join() !== named.toSorted().join())
      throw new Error(`${what}: ${field} ${named} whole, ${other} streamed`);
  }
  const isCarried = [whole, streamed].map((answer) => reads(answer.body, feature, client));
  if (isCarried[0] !== isCarried[1])
    throw new Error(
      `${what}: carried ${isCarried[0] ? 'whole' : 'streamed'} alone: ${JSON.stringify(whole.body)} ${JSON.stringify(streamed.body)}`,
    );
  return { body, lost, outcome: judge(isCarried[0] === true, lost, substitutes, what, whole.body) };
}

/** Chat's choices and Gemini's candidates are lists whose one element is completed, not replaced. */
function answerWith(wire: SpokenId, form: JsonObject): JsonObject {
  const base = ANSWERS[wire];
  const merged = merge(base, form);
  for (const list of ['choices', 'candidates']) {
    const [known] = asArray(base[list]) ?? [];
    const [added] = asArray(form[list]) ?? [];
    if (known !== undefined && added !== undefined)
      merged[list] = [merge(asObject(known) ?? {}, asObject(added) ?? {})];
  }
  return merged;
}

function reads(body: JsonObject, feature: AnswerFeature, client: DialectId): boolean {
  const own = feature.reads?.[client];
  const form = own === undefined ? feature.forms[client] : own;
  if (form === null) return false;
  return (
    says(body, form) &&
    (feature.marks === undefined || feature.marks.some((mark) => JSON.stringify(body).includes(mark)))
  );
}

function judge(
  isCarried: boolean,
  lost: readonly string[],
  substitutes: readonly string[],
  what: string,
  body: JsonObject,
): Outcome {
  if (lost.length > 0) {
    if (isCarried) return { kind: 'approximated', how: `without ${lost.join(', ')}` };
    return { kind: 'lost' };
  }
  if (substitutes.length > 0) return { kind: 'approximated', how: substitutes.join('; ') };
  if (isCarried) return { kind: 'carried' };
  throw new Error(`${what}: neither carried nor named: ${JSON.stringify(body)}`);
}

function without(names: readonly string[], known: readonly string[]): string[] {
  return names.filter((name) => !known.includes(name));
}

function contextFor(): { context: AnswerContext; lost: Set<string>; substitutes: Set<string> } {
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
  return { context, lost, substitutes };
}

export function encodeWhole(client: DialectId, response: NeutralResponse): ClientAnswer {
  const { context, lost, substitutes } = contextFor();
  const body = clientOf(client).buildResponse(response, context);
  return { body, lost: [...lost], substitutes: [...substitutes] };
}

/** As a stream, which a decoder of the client's dialect folds into the whole answer again. */
export function encodeStreamed(client: DialectId, response: NeutralResponse): ClientAnswer {
  const { context, lost, substitutes } = contextFor();
  const encoder = clientOf(client).createStreamEncoder(context);
  let text = '';
  const sequencer = new Sequencer({
    see(event) {
      text += encoder.encode(event);
    },
  });
  for (const event of responseToEvents(response)) sequencer.push(event);
  const collector = createResponseCollector();
  const decoder = DIALECTS[client].provider.createStreamDecoder(collector);
  const { createSplitter, parse } = FRAME_FORMATS[DIALECTS[client].provider.framing ?? 'sse'];
  const splitter = createSplitter(Number.POSITIVE_INFINITY);
  for (const frame of [...splitter.push(new TextEncoder().encode(text)).frames, splitter.flush()]) {
    const event = parse(frame);
    if (event !== undefined) decoder.decode(event);
  }
  decoder.end();
  const { body } = encodeWhole(client, collector.response());
  return { body, lost: [...lost], substitutes: [...substitutes] };
}
