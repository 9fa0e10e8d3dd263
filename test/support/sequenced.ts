// A decoder's events in the order in which encoders get them.
import { Sequencer } from '../../src/gateway/pumps/sequence.ts';
import type { StreamEvent } from '../../src/model/events.ts';

export function sequenced(events: readonly StreamEvent[]): StreamEvent[] {
  const ordered: StreamEvent[] = [];
  const sequencer = new Sequencer({ see: (event) => ordered.push(event) });
  for (const event of events) sequencer.push(event);
  return ordered;
}
