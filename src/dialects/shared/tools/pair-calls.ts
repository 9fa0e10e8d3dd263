// Pairs calls and results as most providers require it in a history: each call has a unique id and one result, and all results of a turn
// stand in the next one. Chat clients may number the calls of each turn from 0. Responses clients may send a result later, and both send it
// again after an interrupted request. Anthropic's types allow a result in the turn of its call, and Gemini's clients may have none to send.
import type { Part, ToolCallPart, ToolResultPart } from '../../../model/content.ts';
import type { Message, NeutralRequest } from '../../../model/request.ts';
import type { LossReport } from '../losses/loss-report.ts';

/** The content of a turn that held only a result that was moved. */
const MOVED: Part = {
  type: 'text',
  text: '(The result of an earlier call has come: it stands behind that call.)',
};

/**
 * The result of a call that got none. The AI SDK's Google provider sends an image or a file that a tool returned beside the results, and no
 * result if that is all the tool returned (https://github.com/vercel/ai/pull/8357); an interrupted tool may have none either. Claude,
 * OpenAI and Bedrock refuse a call without a result, in each later request of the conversation too.
 */
const NO_RESULT = '(no output)';

/** The request with calls and results paired; the same object if all is in order, as it nearly always is. */
export function pairCalls(request: NeutralRequest, losses: LossReport): NeutralRequest {
  const { messages } = request;
  if (!isOutOfOrder(messages)) return request;
  const late: Part[][] = [];
  const pairing = new Pairing(late);
  const paired = pairing.pair(messages);
  if (late.some((parts) => parts.length > 0))
    losses.approximated('messages', 'a result that does not directly follow its call is moved there');
  if (pairing.addMissing() > 0) losses.approximated('messages', 'a call without a result gets an empty one');
  return { ...request, messages: withLast(withLate(paired, late), pairing.last, losses) };
}

/** Whether two calls have the same id. */
export function repeatsCalls(messages: readonly Message[]): boolean {
  const ids = new Set<string>();
  for (const { parts } of messages) {
    for (const part of parts) {
      if (!isCall(part)) continue;
      if (ids.has(part.id)) return true;
      ids.add(part.id);
    }
  }
  return false;
}

function isOutOfOrder(messages: readonly Message[]): boolean {
  /** Call id → the assistant turn that made it. */
  const turns = new Map<string, number>();
  const answered = new Set<string>();
  let turn = -1;
  let before: Message['role'] = 'user';
  /** How many calls of the turn have no result yet; a result with an unknown id may be meant for any of them. */
  let open = 0;
  for (const { role, parts } of messages) {
    if (role === 'assistant' && before !== 'assistant') {
      if (open > 0) return true;
      open = 0;
      turn++;
    }
    before = role;
    for (const part of parts) {
      if (isCall(part)) {
        if (turns.has(part.id)) return true;
        turns.set(part.id, turn);
        if (role === 'assistant') open++;
      } else if (part.type === 'tool-result') {
        if (role === 'assistant' || (turns.get(part.callId) ?? turn) !== turn) return true;
        if (answered.has(part.callId)) return true;
        answered.add(part.callId);
        open--;
      }
    }
  }
  return open > 0 && before !== 'assistant';
}

function isCall(part: Part): part is ToolCallPart {
  return part.type === 'tool-call' && part.kind !== 'server';
}

interface MadeCall {
  id: string;
  turn: number;
  /** Whether it stands in a turn of the model, as calls should. One in a turn of the user is not sent. */
  isOfModel: boolean;
  /** The result as it was sent first. */
  result?: ToolResultPart;
}

/** Calls with the same id in the client's history, in order. */
interface Namesakes {
  calls: MadeCall[];
  /** The suffix that makes the next call's id unique. */
  next: number;
  /** Index into `calls`: all before it have results. */
  oldest: number;
  /** The same, among the calls of the last turn that made any. */
  newest: number;
}

class Pairing {
  private readonly late: Part[][];
  private readonly used = new Set<string>();
  /** By the id in the client's history. */
  private readonly made = new Map<string, Namesakes>();
  /** For calls with several results: the first result → the last one. */
  readonly last = new Map<ToolResultPart, ToolResultPart>();
  private turn = -1;
  /** Turns with results whose ids match no call. */
  private readonly withStrays = new Set<number>();
  /** Whether the last message is the model's, so that its calls are yet to be answered. */
  private isWaiting = false;

  /** @param late receives the results that came too late, by assistant turn. */
  constructor(late: Part[][]) {
    this.late = late;
  }

  pair(messages: readonly Message[]): Message[] {
    let before: Message['role'] = 'user';
    this.isWaiting = messages.at(-1)?.role === 'assistant';
    return messages.map((message) => {
      if (message.role === 'assistant' && before !== 'assistant') this.late[++this.turn] = [];
      before = message.role;
      const parts = message.parts.flatMap((part) => this.part(part, message.role));
      const isMoved = parts.length === 0 && message.parts.length > 0;
      return { ...message, parts: isMoved ? [MOVED] : parts };
    });
  }

  /** Gives a result to each call that has none and no longer waits for one; returns how many. */
  addMissing(): number {
    let missing = 0;
    for (const { calls } of this.made.values()) {
      for (const { id, turn, isOfModel, result } of calls) {
        if (result !== undefined || !isOfModel || this.withStrays.has(turn)) continue;
        if (this.isWaiting && turn === this.turn) continue;
        missing++;
        this.late[turn]?.push({
          type: 'tool-result',
          callId: id,
          content: [{ type: 'text', text: NO_RESULT }],
        });
      }
    }
    return missing;
  }

  private part(part: Part, role: Message['role']): Part[] {
    if (isCall(part)) return [{ ...part, id: this.called(part.id, role) }];
    return part.type === 'tool-result' ? this.answered(part, role) : [part];
  }

  private called(given: string, role: Message['role']): string {
    const known = this.made.get(given) ?? { calls: [], next: 2, oldest: 0, newest: 0 };
    const { calls } = known;
    this.made.set(given, known);
    let id = given;
    while (this.used.has(id)) id = `${given}_${known.next++}`;
    this.used.add(id);
    if (calls.at(-1)?.turn !== this.turn) known.newest = calls.length;
    calls.push({ id, turn: this.turn, isOfModel: role === 'assistant' });
    return id;
  }

  private answered(result: ToolResultPart, role: Message['role']): Part[] {
    const known = this.made.get(result.callId);
    const call = known && this.callOf(known);
    if (call === undefined) this.withStrays.add(this.turn);
    const renamed = call === undefined ? result : { ...result, callId: call.id };
    if (call?.result !== undefined) {
      // Claude and Bedrock refuse a second result: https://github.com/router-for-me/CLIProxyAPI/issues/4997,
      // https://github.com/BerriAI/litellm/issues/20048
      this.last.set(call.result, renamed);
      return [];
    }
    if (call !== undefined) call.result = renamed;
    const turn = call?.turn ?? this.turn;
    if (turn === this.turn && role !== 'assistant') return [renamed];
    this.late[turn]?.push(renamed);
    return [];
  }

  /** The call to which the next result belongs: preferably one of this turn, since an earlier call may never get a result. */
  private callOf(known: Namesakes): MadeCall | undefined {
    const { calls } = known;
    while (calls[known.newest]?.result !== undefined) known.newest++;
    const newest = calls[known.newest];
    if (newest?.turn === this.turn) return newest;
    while (calls[known.oldest]?.result !== undefined) known.oldest++;
    return calls[known.oldest] ?? calls.at(-1);
  }
}

/** The messages, with each call's last result in the place of its first. */
function withLast(
  messages: Message[],
  last: ReadonlyMap<Part, ToolResultPart>,
  losses: LossReport,
): Message[] {
  if (last.size === 0) return messages;
  return messages.map((message) => ({
    ...message,
    parts: message.parts.map((part) => {
      const latest = last.get(part);
      if (latest === undefined) return part;
      if (JSON.stringify(part) !== JSON.stringify(latest))
        losses.lost('messages', 'of several results of one call the last is sent, in the place of the first');
      return latest;
    }),
  }));
}

/** The messages, with the late results after each assistant turn whose calls they answer. */
function withLate(messages: readonly Message[], late: readonly Part[][]): Message[] {
  const ordered: Message[] = [];
  let turn = -1;
  let before: Message['role'] = 'user';
  for (const message of messages) {
    const { role, parts } = message;
    const results = before === 'assistant' && role !== 'assistant' ? (late[turn] ?? []) : [];
    if (role === 'assistant' && before !== 'assistant') turn++;
    before = role;
    if (results.length === 0) ordered.push(message);
    else if (role === 'user') ordered.push({ ...message, parts: [...results, ...parts] });
    else ordered.push({ role: 'user', parts: results }, message);
  }
  const last = before === 'assistant' ? (late[turn] ?? []) : [];
  if (last.length > 0) ordered.push({ role: 'user', parts: last });
  return ordered;
}
