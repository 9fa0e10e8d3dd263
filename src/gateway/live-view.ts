// What is happening now, for those who watch: each stream's start, text and end. No stream ever waits for a watcher
// (GUARANTEES 12).
import { createWatchers } from './live-watchers.ts';

export type LiveEvent =
  | { type: 'started'; request_id: string; model: string; provider: string; agent_type?: string }
  | { type: 'text_delta'; request_id: string; text: string }
  | {
      type: 'completed';
      request_id: string;
      model: string | null;
      provider: string | null;
      input_tokens: number;
      output_tokens: number;
      cost_usd: number | null;
    }
  | { type: 'error'; request_id: string; status: 'error' | 'aborted' | 'truncated'; message: string };

export interface LiveView {
  /** Of one request; `redact` takes out of its text what must not be shown. */
  open(requestId: string, redact: (text: string) => string): LiveStream;
  /** Server-sent events from now on, until the watcher leaves. */
  watch(): ReadableStream<Uint8Array>;
  /** Ends every watcher's stream. */
  close(): void;
}

export interface LiveStream {
  /** Only then is it worth reading text that nobody else needs. */
  isWatched(): boolean;
  started(target: { model: string; provider: string; agentType: string | null }): void;
  text(delta: string): void;
  /** The last event. */
  ended(event: LiveEnding): void;
}

export type LiveEnding = WithoutId<Extract<LiveEvent, { type: 'completed' | 'error' }>>;
type WithoutId<Event> = Event extends unknown ? Omit<Event, 'request_id'> : never;

/** A word that long is shown in parts: longer than any key. */
const LONGEST_WORD = 1_024;
/** The end of a text in which a key may have begun: keys are made of these and hold no blank. */
const UNFINISHED_WORD = /[!-~]*$/;

const textEncoder = new TextEncoder();

export function createLiveView(setTimer: (callback: () => void, ms: number) => () => void): LiveView {
  const watchers = createWatchers(setTimer);
  const isWatched = () => watchers.count() > 0;

  function publish(event: LiveEvent): void {
    if (!isWatched()) return;
    watchers.publish(textEncoder.encode(`event: stream_event\ndata: ${JSON.stringify(event)}\n\n`));
  }

  return {
    open(request_id, redact) {
      let isStarted = false;
      // A key can come in pieces: what may be the beginning of one waits for the rest of its word.
      let held = '';
      const show = (text: string) => {
        if (text !== '') publish({ type: 'text_delta', request_id, text: redact(text) });
      };
      return {
        isWatched,
        started({ model, provider, agentType }) {
          if (isStarted) return;
          isStarted = true;
          const agent = agentType === null ? {} : { agent_type: redact(agentType) };
          publish({ type: 'started', request_id, model: redact(model), provider, ...agent });
        },
        text(delta) {
          if (!isWatched()) {
            held = '';
            return;
          }
          const text = held + delta;
          const unfinished = UNFINISHED_WORD.exec(text)?.[0] ?? '';
          held = unfinished.length > LONGEST_WORD ? '' : unfinished;
          show(text.slice(0, text.length - held.length));
        },
        ended(event) {
          show(held);
          held = '';
          publish({ ...event, request_id });
        },
      };
    },
    watch: watchers.watch,
    close: watchers.close,
  };
}
