// What a stream has that no other dialect can express: it may be in thousands of its events, and is reported once.
import { ENTRY_SIZE, type EventSink } from '../../../model/events.ts';

/** Whether `name` is not yet among those that the stream has reported; from now on it is. */
export function isFirstReport(reported: Set<string>, name: string, sink: EventSink): boolean {
  if (reported.has(name)) return false;
  reported.add(name);
  sink.kept?.(ENTRY_SIZE + name.length);
  return true;
}
