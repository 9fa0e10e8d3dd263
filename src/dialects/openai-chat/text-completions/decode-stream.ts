// Chunks of a text completion → neutral events. Reads the first choice; `finish` is held until the stream's end,
// because usage comes behind `finish_reason`, and so may the rest of other choices.
import { GatewayError } from '../../../model/errors.ts';
import type { EventSink } from '../../../model/events.ts';
import { asNumber, asString, isObject, type JsonObject } from '../../../model/json/json.ts';
import type { SseEvent } from '../../../sse/event.ts';
import type { StreamDecoder } from '../../dialect.ts';
import type { Quirks } from '../../quirks.ts';
import { Alternatives } from '../../shared/alternatives.ts';
import { objectsIn, textIn } from '../../shared/answer-list.ts';
import { errorInBody, errorInChunk } from '../errors.ts';
import { brokenFinish, parseFinish } from '../finish.ts';
import { readChunk } from '../read-chunk.ts';
import { countsIn } from '../usage.ts';
import { ID } from '../wire.ts';

const TEXT = 0;

/** Keys of a chunk that mean more than the first choice's text. Inside content their quotes would be escaped. */
const SAYS_MORE =
  /"(?:finish_reason|usage)"\s*:\s*(?!null|\s)|"index"\s*:\s*[1-9]|"error"|"status_code"\s*:\s*[1-9]/;

const decoder = new TextDecoder();

export function addsContentOnly(bytes: Uint8Array, from: number, to: number): boolean {
  const text = decoder.decode(bytes.subarray(from, to));
  return text.includes('"text":"') && !SAYS_MORE.test(text);
}

export function createStreamDecoder(sink: EventSink, quirks: Quirks = {}, alternatives = 0): StreamDecoder {
  return new CompletionDecoder(sink, quirks, alternatives);
}

class CompletionDecoder implements StreamDecoder {
  strangers = 0;
  private readonly sink: EventSink;
  private readonly quirks: Quirks;
  private started = false;
  private ended = false;
  private hasText = false;
  /** Each prompt of a list has its own. */
  private readonly choices: Alternatives;
  /** Names of what only the client's own bytes hold. */
  private readonly unread = new Set<string>();
  /** The choice that gave the finish reason. */
  private finished: JsonObject | undefined = undefined;
  /** May be a failure in another form: it is one where no answer follows. */
  private complaint: GatewayError | undefined = undefined;

  constructor(sink: EventSink, quirks: Quirks, alternatives: number) {
    this.sink = sink;
    this.quirks = quirks;
    this.choices = new Alternatives(alternatives);
  }

  decode(event: SseEvent): void {
    if (this.ended) return;
    const chunk = readChunk(event, this.quirks);
    if (chunk === 'done') this.done();
    else if (chunk instanceof GatewayError) this.fail(chunk);
    else this.readChunk(chunk);
  }

  end(): void {
    this.finish(this.choices.complete());
  }

  private finish(isComplete: boolean): void {
    const { finished, complaint } = this;
    if (this.ended) return;
    if (finished === undefined || !isComplete) {
      if (complaint !== undefined) this.fail(complaint);
      return;
    }
    const raw = asString(finished.finish_reason) ?? null;
    const failure = brokenFinish(raw);
    if (failure !== undefined) {
      this.fail(failure);
      return;
    }
    this.ended = true;
    if (this.hasText) this.sink.push({ type: 'text-end', block: TEXT });
    this.sink.push({ type: 'finish', finish: parseFinish(raw, finished, false) });
  }

  /** Ends an answer also on servers that never give a reason. */
  private done(): void {
    const { choices, complaint } = this;
    if (complaint === undefined && this.started && choices.hasOpen()) this.finished ??= {};
    this.finish(complaint === undefined || choices.complete());
  }

  private fail(error: GatewayError): void {
    this.ended = true;
    this.sink.push({ type: 'error', error });
  }

  private readChunk(chunk: JsonObject): void {
    const { sink, quirks } = this;
    const choices = objectsIn(chunk.choices, 'choices');
    const usage = countsIn(chunk, choices[0]);
    const error = errorInChunk(chunk, quirks);
    if (!this.started && (choices.length > 0 || usage !== undefined)) {
      this.started = true;
      sink.push({ type: 'start', id: asString(chunk.id) || null, model: asString(chunk.model) || null });
    }
    if (error === undefined) for (const choice of choices) this.readChoice(choice);
    if (choices.length === 0 && error === undefined) {
      if (!this.started && chunk.choices === undefined) this.strangers++;
      this.complaint ??= errorInBody(chunk, quirks);
    }
    if (usage !== undefined) sink.push({ type: 'usage', usage });
    if (error !== undefined) this.fail(error);
  }

  private readChoice(choice: JsonObject): void {
    const index = asNumber(choice.index) ?? 0;
    this.complaint = undefined;
    for (const name of unreadIn(choice)) {
      if (this.unread.has(name)) continue;
      this.unread.add(name);
      this.sink.push({ type: 'extension', dialect: ID, name, value: {} });
    }
    const isOver = !!asString(choice.finish_reason);
    this.choices.note(index, isOver);
    if (isOver && (index === 0 || this.finished === undefined)) this.finished = choice;
    if (index !== 0) return;
    const text = textIn(choice.text, 'choices[0].text');
    if (text === '') return;
    if (!this.hasText) this.sink.push({ type: 'text-start', block: TEXT });
    this.hasText = true;
    this.sink.push({ type: 'text-delta', block: TEXT, text });
  }
}

/** What has no neutral form in a choice: that there are several, and how likely its tokens were. */
export function unreadIn({ index, logprobs }: JsonObject): string[] {
  const names = (asNumber(index) ?? 0) > 0 ? ['choices'] : [];
  return isObject(logprobs) ? [...names, 'logprobs'] : names;
}
