// Takes a whole answer through the transformers of its try: the same steps as for a stream, over its events.
import type { Part } from '../../model/content.ts';
import { GatewayError, toGatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import { readJson } from '../../model/json/exact-numbers.ts';
import { asArray, asNumber, asObject } from '../../model/json/json.ts';
import { createResponseCollector, responseToEvents } from '../../model/replay.ts';
import type { NeutralResponse } from '../../model/response.ts';
import type { WholeAnswer } from '../attempts/attempt.ts';
import type { AttemptContext } from '../attempts/send.ts';
import { redactError } from '../../model/redact/redact-error.ts';
import { requireValidCalls } from '../pumps/validate-calls.ts';
import { isAccounting } from './answer.ts';
import { chainOf, noteRewritten, watchUpstream } from './relay.ts';

interface Transformed {
  answer: NeutralResponse;
  events: readonly StreamEvent[];
  isAsItWas: boolean;
}

/** Throws the GatewayError of a step that failed. */
export async function transformWhole(
  context: AttemptContext,
  open: (context: AttemptContext) => Promise<WholeAnswer>,
): Promise<WholeAnswer> {
  const { host, observer, redact } = context;
  const whole = await open({ ...context, observer: watchUpstream(observer, host.monotonic) });
  try {
    const [given = whole.answer, ...alternatives] = readAlternatives(whole);
    const first = await transformAnswer(context, given);
    const others: Transformed[] = [];
    for (const alternative of alternatives) others.push(await transformAnswer(context, alternative));
    // Shown only now: watchers must not see an answer that another one replaces.
    for (const event of first.events) if (!isAccounting(event)) observer.show(event);
    // If no step changed anything, the provider's own text remains.
    if (first.isAsItWas && others.every((other) => other.isAsItWas)) return whole;
    noteRewritten(context);
    return {
      ...whole,
      text: null,
      bytes: null,
      answer: first.answer,
      others: others.map(({ answer }) => answer),
    };
  } catch (thrown) {
    throw redactError(toGatewayError(thrown), redact);
  }
}

/** Each alternative as an answer of its own, if the client would get them all; otherwise none. */
function readAlternatives({ plan, text }: WholeAnswer): NeutralResponse[] {
  const { alternatives: name, parseResponse } = plan.side;
  if (name === undefined || text === null || !plan.passesAnswer) return [];
  const body = asObject(readJson(text)) ?? {};
  const listed = (asArray(body[name]) ?? []).map((one) => asObject(one) ?? {});
  if (listed.length < 2) return [];
  // They are numbered anew by their order.
  listed.sort((one, other) => (asNumber(one.index) ?? 0) - (asNumber(other.index) ?? 0));
  try {
    return listed.map((one) => parseResponse({ ...body, [name]: [{ ...one, index: 0 }] }));
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : 'unreadable';
    const problem = `${plan.target.provider.name} sent one of several ${name} that cannot be read: ${reason}`;
    throw new GatewayError('upstream_malformed', problem, { cause: thrown });
  }
}

async function transformAnswer(context: AttemptContext, given: NeutralResponse): Promise<Transformed> {
  const chain = chainOf(context);
  try {
    const collector = createResponseCollector();
    const events = await chain.push(responseToEvents(given));
    for (const event of events) collector.push(event);
    const { parts, finish } = collector.response();
    const answer = { ...withOwnFields(given, events), parts: withOwnParts(given, parts), finish };
    const isAsItWas = JSON.stringify(answer) === JSON.stringify(given);
    if (!isAsItWas) requireValidCalls(answer);
    return { answer, events, isAsItWas };
  } finally {
    chain.close();
  }
}

/** The answer without those of the provider's own fields that a step removed. */
function withOwnFields(answer: NeutralResponse, events: readonly StreamEvent[]): NeutralResponse {
  const { extension } = answer;
  if (extension === undefined) return answer;
  const emitted = new Set(events.map((event) => (event.type === 'extension' ? event.name : undefined)));
  const fields = Object.fromEntries(Object.entries(extension.fields).filter(([name]) => emitted.has(name)));
  return { ...answer, extension: { ...extension, fields } };
}

/** Events express less than parts, so an unchanged part is kept itself, and so is a part that has no events. */
function withOwnParts(answer: NeutralResponse, parts: readonly Part[]): Part[] {
  const own = answer.parts.map((part) => ({ part, replayed: JSON.stringify(replay(answer, part)) }));
  const result: Part[] = [];
  let at = 0;
  const skipTo = (end: number) => {
    for (; at < end; at++) {
      const skipped = own[at];
      if (skipped !== undefined && skipped.replayed === undefined) result.push(skipped.part);
    }
  };
  for (const part of parts) {
    const text = JSON.stringify(part);
    const found = own.findIndex(({ replayed }, index) => index >= at && replayed === text);
    if (found !== -1) skipTo(found);
    result.push(found === -1 ? part : (own[at++]?.part ?? part));
  }
  skipTo(own.length);
  return result;
}

function replay(answer: NeutralResponse, part: Part): Part | undefined {
  const collector = createResponseCollector();
  for (const event of responseToEvents({ ...answer, parts: [part] })) collector.push(event);
  return collector.response().parts[0];
}
