// An answer that calls itself a stream and is none: a JSON body or a page, known by how it begins, is read whole; any other
// text is told as what it is when it has ended and no event was in it.
import { GatewayError } from '../../model/errors.ts';
import { ListPump } from './list.ts';
import { type Pump, tooLong } from './pump.ts';
import { WrappedPump } from './wrapped.ts';

/** What becomes of a text where a stream was announced. */
export interface TextReader<Out> {
  provider: string;
  /** Of the text, in bytes. */
  limit: number;
  /** Where events may themselves be JSON: only a page is a text. */
  pagesOnly: boolean;
  /** A list is one of events. */
  listsEvents: boolean;
  /** It says that it is JSON: half of it is no stream that was cut off. */
  isJson: boolean;
  /** The failure that the text tells, where it is one; undefined where it is none, or not whole yet. */
  failure(text: string): GatewayError | undefined;
  /** Takes the whole answer. Throws GatewayError. */
  read(text: string): Out | undefined;
}

const BLANK = 0x20;
/** A byte order mark, which may come in pieces. */
const MARK: ReadonlySet<number> = new Set([0xef, 0xbb, 0xbf]);
const PAGE = '<'.charCodeAt(0);
const LIST = '['.charCodeAt(0);
/** How JSON begins; no event does. */
const JSON_BEGINS: ReadonlySet<number> = new Set(['{', '['].map((sign) => sign.charCodeAt(0)));

/**
 * What reads an answer that begins like this: the stream's own pump, or one for text.
 * @param blanks what came before, which the stream's pump has.
 * @returns undefined where blanks and a byte order mark are all that has come.
 */
export function pumpFor<Out>(
  beginning: Uint8Array,
  stream: Pump<Out>,
  reader: TextReader<Out>,
  blanks: readonly Uint8Array[],
): Pump<Out> | undefined {
  const first = beginning.find((byte) => byte > BLANK && !MARK.has(byte));
  if (first === undefined) return undefined;
  if (first === LIST && reader.listsEvents) return new ListPump(stream, blanks.length > 0);
  const isText = first === PAGE || (!reader.pagesOnly && JSON_BEGINS.has(first));
  if (isText) return new TextPump(stream, reader, { blanks, isPage: first === PAGE });
  const start = decoder.decode(beginning.subarray(0, LONGEST_START));
  return reader.pagesOnly || EVENTS.test(start) ? stream : new DoubtfulPump(stream, reader.provider);
}

const decoder = new TextDecoder();
/** How server-sent events begin, at the beginning or behind something else. */
const EVENTS = /^[\uFEFF \t]*(data|event|id|retry)?:/m;
/** What could be the beginning of one that was cut off. */
const FIELDS = ['data:', 'event:', 'id:', 'retry:'];
/** In bytes: enough to know one by. */
const LONGEST_START = 64;
/** In bytes: what is longer is no reason for a failure, and is not quoted. */
const LONGEST_REASON = 512;

const MORE = { stream: true } as const;
/** In UTF-16 units: an error is looked for, before all has come, in no longer text. */
const LONGEST_ERROR = 64 * 1024;
const JSON_ENDS = /[}\]]\s*$/;

class TextPump<Out> extends WrappedPump<Out> {
  private readonly reader: TextReader<Out>;
  private readonly isPage: boolean;
  private readonly decoder = new TextDecoder();
  private pieces: Uint8Array[] = [];
  private size = 0;
  private text = '';
  /** It is not one line of JSON after the other. */
  private isBody = false;
  /** Behind what `end` gave. */
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
    // A long text is not looked at before it has ended: each look would copy all of it.
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
   * Of lines that are JSON each the first is no body, and none is an event: those have a blank line behind them. Throws
   * GatewayError.
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

  /** Half a body, or a body and events behind it: what a stream makes of that. */
  private endAsStream(): Out | undefined {
    const { stream } = this;
    const out = stream.push(joined(this.pieces, this.size));
    this.rest = stream.end();
    return out ?? this.more();
  }
}

/** The stream's own pump, of an answer that does not begin like one. */
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

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
