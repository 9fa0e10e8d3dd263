// What is happening now, for watchers: each stream's start, text and end. No stream ever waits for a watcher
// (GUARANTEES 12).
import type { LedgerRow } from '../../ledger/rows/row.ts';
import { tokensPerSecond } from '../../ledger/speed.ts';
import type { LiveEvent } from '../../management/shapes.ts';
import { createWatchers, type Watchers } from './watchers.ts';

export interface LiveView extends Pick<Watchers, 'watch' | 'follow' | 'close'> {
  /** Begins one request; `redact` removes from its text what must not be shown. */
  open(requestId: string, redact: (text: string) => string): LiveStream;
}

export interface LiveStream {
  /** If nobody watches, text that only watchers need is not worth decoding. */
  isWatched(): boolean;
  started(target: { model: string; provider: string; agentType: string | null }): void;
  text(delta: string): void;
  /** The audience of a new try. Where two tries run at once, only the first to produce text is shown, since its answer serves. */
  audience(): Audience;
  /** The last event, from the row of the request. */
  ended(row: EndedRow): void;
}

/** The watchers of an answer's text. */
export type Audience = Pick<LiveStream, 'isWatched' | 'text'>;

type EndedRow = Pick<
  LedgerRow,
  | 'status'
  | 'model'
  | 'provider'
  | 'usage'
  | 'usageKnown'
  | 'costUsd'
  | 'errorMessage'
  | 'latencyMs'
  | 'ttftMs'
  | 'streamed'
  | 'timing'
>;

/** How much of an unfinished word is held back: longer than any key. */
const HELD_OF_WORD = 1_024;
/** A long word is shown in parts of at least this length. */
const SHOWN_OF_WORD = 1_024;
/** A longer word is treated as one endless key. */
const LONGEST_WORD = 64 * 1024;

const textEncoder = new TextEncoder();

export function createLiveView(setTimer: (callback: () => void, ms: number) => () => void): LiveView {
  const watchers = createWatchers(setTimer);
  return {
    open: (requestId, redact) => new RequestView(watchers, requestId, redact),
    watch: watchers.watch,
    follow: watchers.follow,
    close: watchers.close,
  };
}

class RequestView implements LiveStream {
  private readonly watchers: Watchers;
  private readonly requestId: string;
  private readonly redact: (text: string) => string;
  private isStarted = false;
  private isOver = false;
  /** Which of the running tries is shown; null: none has produced text yet. */
  speaker: Audience | null = null;
  /**
   * Text not shown yet. A key can come in pieces, so what may be its beginning waits for the rest of the word, and the name of a key waits
   * for the key.
   */
  private held = '';

  constructor(watchers: Watchers, requestId: string, redact: (text: string) => string) {
    this.watchers = watchers;
    this.requestId = requestId;
    this.redact = redact;
  }

  isWatched(): boolean {
    return this.watchers.count() > 0;
  }

  started({ model, provider, agentType }: Parameters<LiveStream['started']>[0]): void {
    if (this.isStarted) return;
    this.isStarted = true;
    if (!this.isWatched()) return;
    const { requestId: request_id, redact } = this;
    const agent = agentType === null ? {} : { agent_type: redact(agentType) };
    this.publish({ type: 'started', request_id, model: redact(model), provider, ...agent });
  }

  audience(): Audience {
    // No running try has produced text: that one would serve, and no other would be asked.
    this.speaker = null;
    return new TryAudience(this);
  }

  text(delta: string): void {
    // A request that was abandoned may still produce text after its end.
    if (this.isOver || !this.isWatched()) {
      if (this.held !== '') this.held = '';
      return;
    }
    const text = this.held + delta;
    const word = text.slice(startOfHeld(text));
    const shown = text.length - word.length + this.showable(word);
    this.held = text.slice(shown);
    this.show(text.slice(0, shown));
  }

  /** How much of a word can be shown before it ends, without cutting a key in two. */
  private showable(word: string): number {
    const length = word.length - HELD_OF_WORD;
    if (length < SHOWN_OF_WORD) return 0;
    if (word.length > LONGEST_WORD) return word.length;
    const { redact } = this;
    const isWhole = redact(word.slice(0, length)) + redact(word.slice(length)) === redact(word);
    return isWhole ? length : 0;
  }

  ended(row: EndedRow): void {
    this.isOver = true;
    if (!this.isWatched()) return;
    this.show(this.held);
    this.held = '';
    this.publish(endingOf(row, this.requestId));
  }

  private show(text: string): void {
    if (text !== '')
      this.publish({ type: 'text_delta', request_id: this.requestId, text: this.redact(text) });
  }

  private publish(event: LiveEvent): void {
    if (!this.isWatched()) return;
    this.watchers.publish(textEncoder.encode(`event: stream_event\ndata: ${JSON.stringify(event)}\n\n`));
  }
}

class TryAudience implements Audience {
  private readonly view: RequestView;

  constructor(view: RequestView) {
    this.view = view;
  }

  isWatched(): boolean {
    return this.view.isWatched();
  }

  text(delta: string): void {
    const { view } = this;
    view.speaker ??= this;
    if (view.speaker === this) view.text(delta);
  }
}

/**
 * The end of a text after which a key is expected (`api_key: …`, `Authorization: Bearer …`). Without such a name before it, hardly any key
 * looks like one.
 */
const AWAITING =
  /(?:authorization|key|token|secret|bearer)["'\\]*\s*(?:[:=>]\s*)?(?:(?:basic|bearer|token)\s+)?$/i;
/** How much is searched for such a name, in UTF-16 units. */
const LONGEST_NAME = 128;

function startOfHeld(text: string): number {
  const start = startOfLastWord(text);
  const from = Math.max(0, start - LONGEST_NAME);
  const name = AWAITING.exec(text.slice(from, start));
  return name === null ? start : startOfLastWord(text.slice(0, from + name.index));
}

/**
 * Where the text's last word begins: it may be the beginning of a key, since keys consist of these characters and contain no blank. Read
 * backwards, because a regular expression would try each position of a long word.
 */
function startOfLastWord(text: string): number {
  let start = text.length;
  while (start > 0 && isOfKey(text.charCodeAt(start - 1))) start--;
  return start;
}

/** `!` to `~`: the characters that keys consist of. */
function isOfKey(code: number): boolean {
  return code > 0x20 && code < 0x7f;
}

const LEFT = 'the client closed the connection';

function endingOf(row: EndedRow, request_id: string): LiveEvent {
  const { status, model, provider, usage, costUsd, errorMessage } = row;
  if (status !== 'success') return { type: 'error', request_id, status, message: errorMessage ?? LEFT };
  const { inputTokens: input_tokens, outputTokens: output_tokens } = usage;
  return {
    type: 'completed',
    request_id,
    model,
    provider,
    input_tokens,
    output_tokens,
    usage_known: row.usageKnown,
    cost_usd: costUsd,
    latency_ms: row.latencyMs,
    ttft_ms: row.ttftMs,
    tokens_per_second: tokensPerSecond(row),
    stalls: row.timing.stalls,
  };
}
