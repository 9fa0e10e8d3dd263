// Takes a whole answer through the transformers of its try: the same steps as for a stream, over its events.
import type { Part } from '../../model/content.ts';
import { toGatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import { createResponseCollector, responseToEvents } from '../../model/replay.ts';
import type { NeutralResponse } from '../../model/response.ts';
import type { WholeAnswer } from '../attempts/attempt.ts';
import type { AttemptContext } from '../attempts/send.ts';
import { redactError } from '../response/redact-error.ts';
import { requireSoundCalls } from '../pumps/sound-calls.ts';
import { chainOf, isAccounting, noteRewritten, watchUpstream } from './relay.ts';

/** Throws the GatewayError of a step that failed. */
export async function transformWhole(
  context: AttemptContext,
  open: (context: AttemptContext) => Promise<WholeAnswer>,
): Promise<WholeAnswer> {
  const { host, observer, redact } = context;
  const whole = await open({ ...context, observer: watchUpstream(observer, host.monotonic) });
  const chain = chainOf(context);
  try {
    const collector = createResponseCollector();
    const events = await chain.push(responseToEvents(whole.answer));
    for (const event of events) collector.push(event);
    const { parts, finish } = collector.response();
    const answer = {
      ...withOwnFields(whole.answer, events),
      parts: withOwnParts(whole.answer, parts),
      finish,
    };
    const isAsItWas = JSON.stringify(answer) === JSON.stringify(whole.answer);
    if (!isAsItWas) requireSoundCalls(answer);
    // Only now: watchers must not see an answer that another one replaces.
    for (const event of events) if (!isAccounting(event)) observer.show(event);
    // What no step changed is still the provider's own text.
    if (isAsItWas) return whole;
    noteRewritten(context);
    return { ...whole, text: null, answer };
  } catch (thrown) {
    throw redactError(toGatewayError(thrown), redact);
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

/** Events hold less than parts: an unchanged part is kept itself, and so is what has no events. */
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
