// What a stream contains that no other dialect can express may be in thousands of its events, but is reported once.
import { ENTRY_SIZE, type EventSink } from '../../../model/events.ts';

/** Whether the stream has not reported `name` before; notes that it has now. */
export function isFirstReport(reported: Set<string>, name: string, sink: EventSink): boolean {
  if (reported.has(name)) return false;
  reported.add(name);
  sink.kept?.(ENTRY_SIZE + name.length);
  return true;
}
