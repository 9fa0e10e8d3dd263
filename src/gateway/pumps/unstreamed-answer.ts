// Answers announced as a stream that are none. A JSON body or a page, recognized by its beginning, is read whole; any other text is
// reported for what it is when it has ended without an event.
import { GatewayError } from '../../model/errors.ts';
import { joinBytes } from '../../model/join-bytes.ts';
import { isJson } from '../../model/json/json.ts';
import { JsonArrayReaderPump } from './read-json-array.ts';
import { type Pump, tooLong } from './pump.ts';
import { WrappedPump } from './wrapped-pump.ts';

/** How a text is read where a stream was announced. */
export interface TextReader<Out> {
  provider: string;
  /** Longest text, in bytes. */
  limit: number;
  /** Events may themselves be JSON, so only a page is read as a text. */
  pagesOnly: boolean;
  /** A JSON array is a list of events. */
  listsEvents: boolean;
  /** Its events are lines of JSON, and one line may be an event or a whole answer. */
  isLines: boolean;
  /** It is announced as JSON, so part of it is not a stream that was cut off. */
  isJson: boolean;
  /** The failure that the text reports; undefined where it reports none, or is not complete yet. */
  failure(text: string): GatewayError | undefined;
  /** Takes the whole answer. Throws GatewayError. */
  read(text: string): Out | undefined;
}

const BLANK = 0x20;
/** The bytes of a byte order mark, which may arrive in pieces. */
const MARK: ReadonlySet<number> = new Set([0xef, 0xbb, 0xbf]);
const PAGE = '<'.charCodeAt(0);
const LIST = '['.charCodeAt(0);
const OBJECT = '{'.charCodeAt(0);
const NEWLINE = '\n'.charCodeAt(0);
/** How JSON begins; no server-sent event begins like this. */
const JSON_BEGINS: ReadonlySet<number> = new Set(['{', '['].map((sign) => sign.charCodeAt(0)));

/**
 * The pump for an answer that begins like this: the stream's own, or one for text.
 * @param blanks what came before, which the stream's pump has been given already.
 * @returns undefined where only blanks and a byte order mark have arrived.
 */
export function pumpFor<Out>(
  beginning: Uint8Array,
  stream: Pump<Out>,
  reader: TextReader<Out>,
  blanks: readonly Uint8Array[],
): Pump<Out> | undefined {
  const first = beginning.find((byte) => byte > BLANK && !MARK.has(byte));
  if (first === undefined) return undefined;
  if (first === LIST && reader.listsEvents) return new JsonArrayReaderPump(stream, blanks.length > 0);
  if (reader.isLines && reader.isJson)
    return first === OBJECT
      ? new LinesPump(stream, reader, blanks)
      : new TextPump(stream, reader, { blanks, isPage: first === PAGE });
  const isText = first === PAGE || (!reader.pagesOnly && JSON_BEGINS.has(first));
  if (isText) return new TextPump(stream, reader, { blanks, isPage: first === PAGE });
  const start = decoder.decode(beginning.subarray(0, LONGEST_START));
  return reader.pagesOnly || EVENTS.test(start) ? stream : new DoubtfulPump(stream, reader.provider);
}

const decoder = new TextDecoder();
/** How server-sent events begin, at the start of the text or of a later line. */
const EVENTS = /^[\uFEFF \t]*(data|event|id|retry)?:/m;
/** Fields that a line which was cut off could be the beginning of. */
const FIELDS = ['data:', 'event:', 'id:', 'retry:'];
/** In bytes: enough to recognize a field. */
const LONGEST_START = 64;
/** In bytes: anything longer is not the reason of a failure, and is not quoted. */
const LONGEST_REASON = 512;

const MORE = { stream: true } as const;
/** In UTF-16 units: a longer text is searched for an error only when it has arrived whole. */
const LONGEST_ERROR = 64 * 1024;
const JSON_ENDS = /[}\]]\s*$/;

class TextPump<Out> extends WrappedPump<Out> {
  private readonly reader: TextReader<Out>;
  private readonly isPage: boolean;
  private readonly decoder = new TextDecoder();
  private pieces: Uint8Array[] = [];
  private size = 0;
  private text = '';
  /** It is known not to be lines of JSON. */
  private isBody = false;
  /** What is left after `end` gave something. */
  private rest: Out | undefined = undefined;

  constructor(
    stream: Pump<Out>,
    reader: TextReader<Out>,
    { blanks, isPage }: { blanks: readonly Uint8Array[]; isPage: boolean },
  ) {
    super(stream);
    this.reader = reader;
    this.isPage = isPage;
    for (const piece of blanks) this.text += this.decoder.decode(piece, MORE);
  }

  override push(chunk: Uint8Array): Out | undefined {
    const { reader, isPage } = this;
    this.pieces.push(chunk);
    this.size += chunk.length;
    if (this.size > reader.limit) throw tooLong(reader.provider, reader.limit);
    this.text += this.decoder.decode(chunk, MORE);
    if (!isPage) this.requireNoLines();
    // A long text is not looked at before its end: each look would copy all of it.
    if (!isPage && (this.text.length > LONGEST_ERROR || !JSON_ENDS.test(this.text.slice(-8))))
      return undefined;
    const failure = reader.failure(this.text);
    if (failure !== undefined) throw failure;
    return undefined;
  }

  override more(): Out | undefined {
    const { rest } = this;
    this.rest = undefined;
    return rest ?? this.stream.more?.();
  }

  override end(): Out | undefined {
    this.text += this.decoder.decode();
    if (!this.reader.isJson && !isJson(this.text)) return this.endAsStream();
    return this.reader.read(this.text);
  }

  override tookEvent(): boolean {
    return true;
  }

  /**
   * In a text of one JSON value per line, the first is not the body, and none is a server-sent event, which a blank line would follow.
   * Throws GatewayError.
   */
  private requireNoLines(): void {
    if (this.isBody || this.text.length > LONGEST_ERROR) return;
    const [first, second] = this.text.trimStart().split(/\r?\n/, 2);
    if (first === undefined || second === undefined || second === '') return;
    this.isBody = !second.startsWith('{') || !isJson(first);
    if (this.isBody) return;
    const quoted = first.length > LONGEST_REASON ? `${first.length} letters` : first;
    const message = `${this.reader.provider} answered with lines of JSON instead of a stream of events, the first: ${quoted}; check its base_url and any proxy in between`;
    throw this.reader.failure(first) ?? new GatewayError('upstream_malformed', message);
  }

  /** Half a body, or a body followed by events, ends as the stream's own pump reads it. */
  private endAsStream(): Out | undefined {
    const { stream } = this;
    const out = stream.push(joinBytes(this.pieces));
    this.rest = stream.end();
    return out ?? this.more();
  }
}

/** Whether the text is several lines of JSON, not one JSON text. */
export function areLines(text: string): boolean {
  const trimmed = text.trim();
  const end = trimmed.indexOf('\n');
  return end !== -1 && isJson(trimmed.slice(0, end));
}

/** A text of JSON lines that is announced as JSON, as proxies do: its first line, once complete, decides how it is read. */
class LinesPump<Out> extends WrappedPump<Out> {
  private readonly reader: TextReader<Out>;
  private readonly blanks: readonly Uint8Array[];
  private readonly decoder = new TextDecoder();
  private pieces: Uint8Array[] = [];
  private size = 0;
  private text = '';
  /** Undefined while that is undecided. */
  private chosen: Pump<Out> | undefined = undefined;

  constructor(stream: Pump<Out>, reader: TextReader<Out>, blanks: readonly Uint8Array[]) {
    super(stream);
    this.reader = reader;
    this.blanks = blanks;
  }

  override push(chunk: Uint8Array): Out | undefined {
    if (this.chosen !== undefined) return this.chosen.push(chunk);
    const { limit, provider } = this.reader;
    this.pieces.push(chunk);
    this.size += chunk.length;
    if (this.size > limit) throw tooLong(provider, limit);
    this.text += this.decoder.decode(chunk, MORE);
    // Each look copies everything that has arrived.
    if (!chunk.includes(NEWLINE)) return undefined;
    const first = this.text.trimStart();
    const end = first.indexOf('\n');
    return end === -1 ? undefined : this.choose(isJson(first.slice(0, end)));
  }

  override more(): Out | undefined {
    return (this.chosen ?? this.stream).more?.();
  }

  override end(): Out | undefined {
    if (this.chosen === undefined) this.choose(false);
    return this.chosen?.end();
  }

  override tookEvent(): boolean {
    return (this.chosen ?? this.stream).tookEvent();
  }

  /** A single JSON value is read as a body, as it was announced. */
  private choose(areEvents: boolean): Out | undefined {
    const { stream, reader, blanks, pieces } = this;
    this.chosen = areEvents ? stream : new TextPump(stream, reader, { blanks, isPage: false });
    this.pieces = [];
    return this.chosen.push(joinBytes(pieces));
  }
}

/** The stream's own pump, for an answer that does not begin like a stream. */
class DoubtfulPump<Out> extends WrappedPump<Out> {
  private readonly provider: string;
  private readonly decoder = new TextDecoder();
  private beginning = '';
  private size = 0;
  private took = false;

  constructor(stream: Pump<Out>, provider: string) {
    super(stream);
    this.provider = provider;
  }

  override push(chunk: Uint8Array): Out | undefined {
    if (this.size < LONGEST_REASON)
      this.beginning += this.decoder.decode(chunk.subarray(0, LONGEST_REASON), MORE);
    this.size += chunk.length;
    return this.stream.push(chunk);
  }

  override end(): Out | undefined {
    if (!this.took && !this.stream.ended()) {
      const text = this.beginning + this.decoder.decode();
      const last = text.slice(text.lastIndexOf('\n') + 1);
      const isCut = last !== '' && FIELDS.some((field) => field.startsWith(last));
      if (!isCut && !EVENTS.test(text)) throw this.noStream(text.trim());
    }
    return this.stream.end();
  }

  override tookEvent(): boolean {
    const took = this.stream.tookEvent();
    this.took ||= took;
    return took;
  }

  private noStream(text: string): GatewayError {
    const what = this.size > LONGEST_REASON ? `${this.size} bytes of text` : JSON.stringify(text);
    const message = `${this.provider} answered with text instead of a stream of events: ${what}; check its base_url and any proxy in between`;
    return new GatewayError('upstream_malformed', message);
  }
}
