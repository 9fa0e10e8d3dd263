// Chunks of a text completion → neutral events. Reads the first choice.
import type { GatewayError } from '../../../model/errors.ts';
import type { EventSink } from '../../../model/events.ts';
import { asNumber, asString, isObject, type JsonObject } from '../../../model/json/json.ts';
import type { StreamDecoder } from '../../dialect.ts';
import type { Quirks } from '../../quirks.ts';
import { Alternatives } from '../../shared/alternatives.ts';
import { objectsIn, textIn } from '../../shared/answer-list.ts';
import { ChunkDecoder } from '../chunk-decoder.ts';
import { errorInBody, errorInChunk } from '../errors.ts';
import { countsIn } from '../usage.ts';
import { ID } from '../wire.ts';

const TEXT = 0;

/** Keys of a chunk that mean more than the first choice's text. Within content their quotation marks would be escaped. */
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

class CompletionDecoder extends ChunkDecoder {
  private hasText = false;
  /** Each prompt of a list has choices of its own. */
  private readonly choices: Alternatives;
  /** Names of what only the client's own bytes contain. */
  private readonly unread = new Set<string>();

  constructor(sink: EventSink, quirks: Quirks, alternatives: number) {
    super(sink, quirks);
    this.choices = new Alternatives(alternatives);
  }

  end(): void {
    this.finish(this.choices.complete());
  }

  protected close(): boolean | GatewayError {
    if (this.hasText) this.sink.push({ type: 'text-end', block: TEXT });
    return false;
  }

  protected done(): void {
    const { choices, complaint } = this;
    if (complaint === undefined && this.started && choices.hasOpen()) this.finished ??= {};
    this.finish(complaint === undefined || choices.complete());
  }

  protected readChunk(chunk: JsonObject): void {
    const { sink, quirks } = this;
    const choices = objectsIn(chunk.choices, 'choices');
    const usage = countsIn(chunk, choices[0]);
    const error = errorInChunk(chunk, quirks);
    if (!this.started && (choices.length > 0 || usage !== undefined)) this.start(chunk);
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

/** What has no neutral form in a choice: that there are several, and log probabilities. */
export function unreadIn({ index, logprobs }: JsonObject): string[] {
  const names = (asNumber(index) ?? 0) > 0 ? ['choices'] : [];
  return isObject(logprobs) ? [...names, 'logprobs'] : names;
}
