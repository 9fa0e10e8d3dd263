// One server-sent event, after framing. https://html.spec.whatwg.org/multipage/server-sent-events.html

export interface SseEvent {
  /** The `event:` field; empty if there is none. */
  event: string;
  /** The `data:` lines joined by LF. */
  data: string;
}
