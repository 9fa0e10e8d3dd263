// Finds the text that may differ between repeated events, as docs/adr/0017-what-repeats-is-not-read-again.md explains.
import type { StreamEvent } from '../../model/events.ts';

/** The text, if the events from index `from` on hold nothing else but counts. */
export function repeatableText(events: readonly StreamEvent[], from: number): string | undefined {
  let text: string | undefined;
  for (let at = from; at < events.length; at++) {
    const event = events[at];
    if (event === undefined || event.type === 'usage') continue;
    if (text !== undefined) return undefined;
    text = textOf(event);
    if (text === undefined) return undefined;
  }
  return text;
}

function textOf(event: StreamEvent): string | undefined {
  switch (event.type) {
    case 'text-delta':
      return event.logprobs === undefined ? event.text : undefined;
    case 'reasoning-delta':
      return event.text;
    case 'tool-delta':
      return event.arguments;
    default:
      return undefined;
  }
}
