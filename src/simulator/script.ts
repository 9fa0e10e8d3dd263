// The answer as wire text with the time at which each piece is due, including faults.
import type { AnswerContext, ClientSide, StreamEncoder } from '../dialects/dialect.ts';
import { type Fault, garbageBytes, inStreamError, tear } from './fault.ts';
import type { SimulatorOptions } from './options.ts';
import { type Plan, type PlannedBlock, planToResponse } from './plan.ts';

export type Step =
  /** `due`: milliseconds after the start of the answer. */
  | { type: 'send'; due: number; text: string }
  | { type: 'send-bytes'; due: number; bytes: Uint8Array<ArrayBuffer> }
  /** Silence until the client leaves. */
  | { type: 'hang' }
  /** The connection breaks. */
  | { type: 'reset' };

/** A stream: the envelope at once, then token after token at the requested pace. */
export function* streamScript(
  plan: Plan,
  encoder: StreamEncoder,
  options: SimulatorOptions,
): Generator<Step, void, void> {
  const { fault } = options;
  if (fault?.kind === 'hang-first-event') return yield { type: 'hang' };
  const due = createPace(options);
  if (fault?.kind === 'garbage') return yield { type: 'send-bytes', due: due(0), bytes: garbageBytes() };
  if (fault?.kind === 'error-first') return yield { type: 'send', due: 0, text: encodeError(encoder) };

  const usageSoFar = { ...plan.usage, outputTokens: 0, reasoningTokens: 0 };
  const striking = fault !== undefined && 'after' in fault ? fault : undefined;
  let token = 0;
  // An event without a token of its own is sent with the next step; the start of the first block is sent with the envelope.
  let held =
    encoder.encode({ type: 'start', id: plan.id, model: plan.model }) +
    encoder.encode({ type: 'usage', usage: usageSoFar });
  for (const [block, planned] of plan.blocks.entries()) {
    held += encodeStart(encoder, planned, block);
    if (block === 0) {
      yield { type: 'send', due: 0, text: held };
      held = '';
    }
    for (const piece of planned.pieces) {
      const isStruck = striking?.after === token;
      if (isStruck && striking.kind !== 'malformed') {
        if (held !== '') yield { type: 'send', due: due(token), text: held };
        return yield strike(striking.kind, due(token), encoder);
      }
      const text = held + encodePiece(encoder, planned, block, piece);
      held = '';
      yield { type: 'send', due: due(token), text: isStruck ? tear(text) : text };
      token++;
    }
    held += encodeEnd(encoder, planned, block);
  }
  const last = due(Math.max(0, token - 1));
  if (striking !== undefined && striking.after >= token && striking.kind !== 'malformed') {
    return yield strike(striking.kind, last, encoder);
  }
  const terminal =
    encoder.encode({ type: 'usage', usage: plan.usage }) +
    encoder.encode({ type: 'finish', finish: plan.finish });
  yield { type: 'send', due: last, text: held + terminal };
  if (fault?.kind === 'duplicate-terminal') yield { type: 'send', due: last, text: terminal };
}

/** Milliseconds until a whole answer is ready: the time that its tokens take. */
export function wholeDue(plan: Plan, options: SimulatorOptions): number {
  return createPace(options)(Math.max(0, plan.usage.outputTokens - 1));
}

/** A whole answer, all due at once. The faults of streams strike in the middle of it. */
export function* wholeScript(
  plan: Plan,
  client: ClientSide,
  context: AnswerContext,
  fault: Fault | undefined,
): Generator<Step, void, void> {
  const text = JSON.stringify(client.buildResponse(planToResponse(plan), context));
  const half = text.slice(0, text.length / 2);
  switch (fault?.kind) {
    case 'hang-first-event':
      return yield { type: 'hang' };
    case 'garbage':
      return yield { type: 'send-bytes', due: 0, bytes: garbageBytes() };
    case 'error':
    case 'error-first':
      return yield {
        type: 'send',
        due: 0,
        text: JSON.stringify(client.buildError(inStreamError(), context.requestId)),
      };
    case 'malformed':
      return yield { type: 'send', due: 0, text: text.slice(0, -1) };
    case 'cut':
      return yield { type: 'send', due: 0, text: half };
    case 'stall':
    case 'reset':
      yield { type: 'send', due: 0, text: half };
      return yield { type: fault.kind === 'stall' ? 'hang' : 'reset' };
    default:
      yield { type: 'send', due: 0, text };
  }
}

/** When token number n (from 0) is due. */
function createPace(options: SimulatorOptions): (token: number) => number {
  const perToken = 1_000 / options.tokensPerSecond;
  return (token) => options.firstTokenMs + token * perToken;
}

type StrikingKind = Exclude<Extract<Fault, { after: number }>['kind'], 'malformed'>;

function strike(kind: StrikingKind, due: number, encoder: StreamEncoder): Step {
  switch (kind) {
    case 'cut':
      return { type: 'send', due, text: '' };
    case 'stall':
      return { type: 'hang' };
    case 'reset':
      return { type: 'reset' };
    case 'error':
      return { type: 'send', due, text: encodeError(encoder) };
  }
}

function encodeError(encoder: StreamEncoder): string {
  return encoder.encode({ type: 'error', error: inStreamError() });
}

function encodeStart(encoder: StreamEncoder, { draft }: PlannedBlock, block: number): string {
  switch (draft.type) {
    case 'summary': {
      const { dialect, name, value } = draft.part;
      return encoder.encode({ type: 'extension', dialect, name, value: { value } });
    }
    case 'text':
      return encoder.encode({ type: 'text-start', block });
    case 'reasoning':
      return encoder.encode({ type: 'reasoning-start', block });
    case 'tool-call':
      return encoder.encode({ type: 'tool-start', block, id: draft.id, name: draft.name, kind: draft.kind });
  }
}

function encodePiece(encoder: StreamEncoder, { draft }: PlannedBlock, block: number, piece: string): string {
  switch (draft.type) {
    // It is sent whole.
    case 'summary':
      return '';
    case 'text':
      return encoder.encode({ type: 'text-delta', block, text: piece });
    case 'reasoning':
      return encoder.encode({ type: 'reasoning-delta', block, text: piece });
    case 'tool-call':
      return encoder.encode({ type: 'tool-delta', block, arguments: piece });
  }
}

function encodeEnd(encoder: StreamEncoder, { draft }: PlannedBlock, block: number): string {
  switch (draft.type) {
    case 'summary':
      return '';
    case 'text':
      return encoder.encode({ type: 'text-end', block });
    case 'reasoning':
      return (
        encoder.encode({ type: 'reasoning-signature', block, signature: draft.signature }) +
        encoder.encode({ type: 'reasoning-end', block })
      );
    case 'tool-call':
      return encoder.encode({ type: 'tool-end', block });
  }
}
