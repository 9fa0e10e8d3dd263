// Responses over a WebSocket: each message of the client asks like a POST, except that `previous_response_id` may name any answer of the
// same connection, stored or not. The provider gets the whole conversation instead of that id, so that the next message may go to another
// one. https://developers.openai.com/api/docs/guides/websocket-mode
import { ERROR_RULES, type ErrorCode, GatewayError } from '../../model/errors.ts';
import { editTopLevel, topLevelText } from '../../model/json/edit.ts';
import {
  asArray,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  parseObject,
} from '../../model/json/json.ts';
import type { SseEvent } from '../../sse/event.ts';
import { errorOf, errorType } from '../openai/errors.ts';
import type { SocketContext, SocketConversation, SocketDialect, SocketMessage } from '../socket.ts';
import { EarlierTurns, itemsUpTo, MOST_HELD, type Turn } from './earlier-turns.ts';
import { ENCRYPTED_REASONING } from './parse-request.ts';
import { responseHead, responseObject } from './response-object.ts';

/** In UTF-16 units; limited because it is repeated in each event. */
const LONGEST_LANE = 512;

/** Fields that only exist on the WebSocket. */
const ENVELOPE = { type: undefined, stream_id: undefined, generate: undefined };

export const responsesSocket: SocketDialect = {
  open: () => new Conversation(),
};

class Conversation implements SocketConversation {
  private readonly turns = new EarlierTurns();
  /** The answers that have begun and not ended, by id. */
  private readonly running = new Map<string, CreateMessage>();

  read(text: string): SocketMessage {
    const message = parseObject(text);
    if (message === undefined) throw invalid('a message must be one JSON object');
    switch (message.type) {
      case 'response.create':
        return new CreateMessage(text, message, this.turns, this.running);
      case 'response.steer':
        return answeredHere(message.type, () => refusedSteer(message, this.turns));
      case 'response.interrupt':
        return answeredHere(message.type, () => this.interrupt(message));
      default:
        throw invalid(
          `a message must have the type "response.create"; this one has ${JSON.stringify(message.type)}`,
        );
    }
  }

  close(): void {
    this.turns.close();
  }

  /**
   * Ends a running answer, so that what the user has added is asked next (Codex from 0.162 on, for models that it calls "lite"). The
   * answer's own messages report that. For an answer that is over nothing is sent: its end was sent already, and an event would be taken
   * for one of the next answer. https://github.com/openai/codex/blob/main/codex-rs/core/tests/suite/pending_input.rs
   */
  private interrupt({ response_id }: JsonObject): string[] {
    this.running.get(asString(response_id) ?? '')?.interrupt();
    return [];
  }

  /** The SDKs read the headers inside `error`, Codex beside it. */
  refusal(
    { status, body, headers }: Parameters<SocketConversation['refusal']>[0],
    of?: SocketMessage,
  ): string {
    const error = asObject(parseObject(body)?.error) ?? { type: 'server_error', code: null, message: body };
    return JSON.stringify({
      type: 'error',
      status,
      error: { ...error, headers },
      headers,
      ...(of !== undefined && inLane(of.lane)),
    });
  }
}

/** A message that asks a model. */
class CreateMessage implements SocketMessage {
  readonly lane: string;
  private readonly text: string;
  private readonly message: JsonObject;
  private readonly turns: EarlierTurns;
  private readonly running: Map<string, CreateMessage>;
  private asked: Turn | undefined;
  /** Items of the answer, and the UTF-16 units of the events that brought them. */
  private readonly answered: JsonObject[] = [];
  private length = 0;
  /** An error event that nothing has followed yet. */
  private failure: string | undefined;
  private stop = () => {};
  /** The answer as it began; undefined before that, and once it is over. */
  private begun: JsonObject | undefined;
  /** The ids of its incomplete items, by place. */
  private readonly open = new Map<number, string>();
  private newest = '';
  private isInterrupted = false;

  /** Throws GatewayError. */
  constructor(text: string, message: JsonObject, turns: EarlierTurns, running: Map<string, CreateMessage>) {
    this.lane = readLane(message);
    this.text = text;
    this.message = message;
    this.turns = turns;
    this.running = running;
  }

  begin(context: SocketContext): ReturnType<SocketMessage['begin']> {
    const { message, text, turns } = this;
    this.stop = context.stop;
    const before = turns.get(asString(message.previous_response_id));
    this.asked = { before, items: inputItems(text, message) };
    if (message.generate === false) return { events: this.prepared(context) };
    const edits = { ...ENVELOPE, stream: true, ...this.includesReasoning() };
    if (before === undefined) return { body: editTopLevel(text, edits) };
    const body = editTopLevel(text, { ...edits, previous_response_id: undefined, input: undefined });
    return { body: `${body.slice(0, body.lastIndexOf('}'))},"input":[${itemsUpTo(this.asked)}]}` };
  }

  event({ event, data }: SseEvent): string[] {
    // Some servers end with this, which is not an event.
    if (data === '[DONE]') return [];
    const before = this.takeFailure();
    this.newest = data;
    const type = event === '' ? asString(parseObject(data)?.type) : event;
    switch (type) {
      case 'error':
        this.failure = data;
        return this.sent(before);
      case 'response.created':
        this.start(asObject(parseObject(data)?.response));
        break;
      case 'response.output_item.added':
        this.noteOpen(data);
        break;
      case 'response.output_item.done':
        this.note(data);
        break;
      case 'response.completed':
      case 'response.incomplete':
        this.keep(asObject(parseObject(data)?.response));
        this.leave();
        break;
      case 'response.failed':
        this.leave();
    }
    return this.sent([...before, data]);
  }

  /** Ends the answer where it stands; has no effect on one that has ended already. */
  interrupt(): void {
    if (this.begun === undefined || this.isInterrupted) return;
    this.isInterrupted = true;
    this.stop();
  }

  /**
   * If the last event is an error, it is sent in the form that errors have on a WebSocket. By its status Codex recognizes that the answer
   * is over; otherwise it waits five minutes for more.
   */
  end(): string[] {
    const failure = this.takeFailure().map(withStatus);
    const last = this.isInterrupted ? this.interruption() : failure;
    this.leave();
    return this.sent(last);
  }

  private start(response: JsonObject | undefined): void {
    const id = asString(response?.id);
    if (id === undefined) return;
    this.begun = response;
    this.running.set(id, this);
  }

  private leave(): void {
    this.running.delete(asString(this.begun?.id) ?? '');
    this.begun = undefined;
  }

  /** What OpenAI sends: that it stops, the items that will not be continued, and the answer up to there, which may be continued. */
  private interruption(): string[] {
    const { begun, answered } = this;
    const id = begun?.id;
    const number = (asNumber(parseObject(this.newest)?.sequence_number) ?? -1) + 1;
    const details = { status: 'incomplete', incomplete_details: { reason: 'interrupted' } };
    const response = { ...begun, ...details, output: [...answered] };
    this.keep(response);
    const events: JsonObject[] = [
      { type: 'response.interrupt.accepted', response_id: id },
      ...[...this.open].map(([output_index, item_id]) => ({
        type: 'response.output_item.interrupted',
        response_id: id,
        item_id,
        output_index,
      })),
      { type: 'response.incomplete', response },
    ];
    return events.map((event, at) => JSON.stringify({ ...event, sequence_number: number + at }));
  }

  private takeFailure(): string[] {
    const { failure } = this;
    this.failure = undefined;
    return failure === undefined ? [] : [failure];
  }

  private sent(events: string[]): string[] {
    return this.lane === '' ? events : events.map((data) => this.inLane(data));
  }

  private inLane(data: string): string {
    const end = data.lastIndexOf('}');
    if (end === -1) return data;
    return `${data.slice(0, end)},"stream_id":${JSON.stringify(this.lane)}}`;
  }

  private noteOpen(data: string): void {
    const { output_index: place, item } = parseObject(data) ?? {};
    this.open.set(asNumber(place) ?? 0, asString(asObject(item)?.id) ?? '');
  }

  /** Notes the items of an answer; one without end is not kept. */
  private note(data: string): void {
    this.length += data.length;
    const { output_index: place, item } = this.length > MOST_HELD ? {} : (parseObject(data) ?? {});
    this.open.delete(asNumber(place) ?? 0);
    const whole = asObject(item);
    if (whole !== undefined) this.answered.push(whole);
  }

  /** A message that only prepares is answered here, since there is nothing to prepare, and no answer to pay for. */
  private prepared({ requestId, created }: SocketContext): string[] {
    const model = asString(this.message.model) ?? '';
    const context = { requestId, model, created, includeUsage: false };
    const head = responseHead(null, null, context);
    const events = ['in_progress', 'completed'].map((status, index) => ({
      type: index === 0 ? 'response.created' : 'response.completed',
      sequence_number: index,
      response: responseObject(head, context, status),
      ...inLane(this.lane),
    }));
    this.keep({ id: head.id });
    return events.map((event) => JSON.stringify(event));
  }

  /**
   * Reasoning that is not stored can only come back to its model encrypted. Models that do not reason refuse to encrypt it, so it is
   * requested only if the request speaks of reasoning.
   */
  private includesReasoning(): { include?: string[] } {
    const { store, reasoning, include } = this.message;
    if (store !== false || asObject(reasoning) === undefined) return {};
    const included = (asArray(include) ?? []).filter((each) => typeof each === 'string');
    return included.includes(ENCRYPTED_REASONING) ? {} : { include: [...included, ENCRYPTED_REASONING] };
  }

  /** Keeps the turn under the id of its answer. */
  private keep(response: JsonObject | undefined): void {
    const { asked, turns } = this;
    const id = asString(response?.id);
    if (asked === undefined || id === undefined || this.length > MOST_HELD) return;
    const whole = (asArray(response?.output) ?? []).filter(isObject);
    // Some servers leave the items out of the last event.
    const received = this.answered.length > 0 ? this.answered : whole;
    const answered = this.isInterrupted ? withoutLastThought(received) : received;
    const sendable = this.message.store === false ? sendableUnstored(answered) : answered;
    const items = [asked.items, ...sendable.map((item) => JSON.stringify(item))].filter(
      (text) => text !== '',
    );
    // Joining with an empty text makes a copy: a slice of the message would keep the whole message in memory.
    turns.keep(id, { before: asked.before, items: [items.join(','), ''].join('') });
  }
}

/** A message that asks no provider. It has a lane of its own, so that it need not wait for the answer that it is about. */
function answeredHere(lane: string, begin: () => string[]): SocketMessage {
  return { lane, begin: () => ({ events: begin() }), event: () => [], end: () => [] };
}

/**
 * Adds to what a running answer was asked. No provider of an HTTP request can be told, so it is refused, as OpenAI does for models that
 * cannot be steered.
 */
function refusedSteer({ previous_response_id, input }: JsonObject, turns: EarlierTurns): string[] {
  const isOver = turns.get(asString(previous_response_id)) !== undefined;
  const failed = {
    type: 'response.steer.failed',
    sequence_number: 0,
    error: {
      type: 'invalid_request_error',
      code: isOver ? 'response_already_completed' : 'steering_not_supported',
      message: 'answers cannot be steered here; send another response.create once the answer has ended',
    },
    steer: { previous_response_id, input },
  };
  return [JSON.stringify(failed)];
}

/** An error that came within a stream, in the form of errors on a WebSocket. */
function withStatus(data: string): string {
  const event = parseObject(data);
  if (event === undefined) return data;
  const { status, error, code = null, message = null, param = null } = event;
  const own = asString(code) ?? '';
  const failure = errorOf(event);
  const known = Object.hasOwn(ERROR_RULES, own) ? ERROR_RULES[own as ErrorCode].status : failure.status;
  return editTopLevel(data, {
    status: asNumber(status) ?? known,
    error: asObject(error) ?? { type: errorType(failure), code, message, param },
  });
}

/** The items of `input` as they were sent, without the brackets around them. */
function inputItems(text: string, { input }: JsonObject): string {
  if (typeof input === 'string') return JSON.stringify({ role: 'user', content: input });
  const sent = asArray(input) === undefined ? undefined : topLevelText(text, 'input');
  return sent === undefined ? '' : sent.slice(1, -1).trim();
}

/**
 * The items of an unstored answer that can be sent again: no reasoning that is not encrypted, and if that leaves a gap, no ids, since
 * OpenAI would miss the reasoning that belonged to them.
 */
function sendableUnstored(items: readonly JsonObject[]): JsonObject[] {
  const kept = items.filter(
    (item) => item.type !== 'reasoning' || typeof item.encrypted_content === 'string',
  );
  return kept.length === items.length ? kept : kept.map(({ id: _, ...item }) => item);
}

/** OpenAI refuses reasoning that nothing of its answer follows. */
function withoutLastThought(items: readonly JsonObject[]): readonly JsonObject[] {
  return items.slice(0, items.findLastIndex(({ type }) => type !== 'reasoning') + 1);
}

/** Throws GatewayError. */
function readLane({ stream_id }: JsonObject): string {
  if (stream_id === undefined || stream_id === null) return '';
  if (typeof stream_id === 'string' && stream_id !== '' && stream_id.length <= LONGEST_LANE) return stream_id;
  throw invalid(`\`stream_id\` must be a string of 1 to ${LONGEST_LANE} characters`);
}

function inLane(lane: string): { stream_id?: string } {
  return lane === '' ? {} : { stream_id: lane };
}

function invalid(message: string): GatewayError {
  return new GatewayError('invalid_request', message);
}
