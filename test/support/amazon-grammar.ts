// The order of the messages of Amazon's streams, as its clients rely on it.
// https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html
import { asNumber, asObject, type JsonObject } from '../../src/model/json/json.ts';
import type { ReadMessage } from './event-stream.ts';

/** What of a stream of Converse that has not failed breaks its rules. */
export function converseViolations(messages: readonly ReadMessage[]): string[] {
  const violations: string[] = [];
  const names = messages.map(({ event }) => event);
  const kept = names.filter((name) => name !== 'ping');
  if (kept[0] !== 'messageStart') violations.push('it does not begin with messageStart');
  if (kept.slice(-2).join() !== 'messageStop,metadata')
    violations.push('it does not end with messageStop, metadata');
  for (const once of ['messageStart', 'messageStop', 'metadata'])
    if (kept.filter((name) => name === once).length !== 1) violations.push(`${once} is not there once`);
  let open: number | null = null;
  let next = 0;
  let kind: string | undefined;
  for (const { event, fields } of messages) {
    if (!event.startsWith('contentBlock')) {
      if (open !== null && event === 'messageStop') violations.push(`block ${open} is open at the end`);
      continue;
    }
    const index = asNumber(fields.contentBlockIndex) ?? -1;
    if (open === null) {
      // Only calls have a start of their own.
      if (index !== next) violations.push(`block ${index} comes where ${next} would`);
      if (event === 'contentBlockStop') violations.push(`block ${index} ends before it begins`);
      open = index;
      next = index + 1;
      kind = undefined;
    } else if (index !== open) violations.push(`block ${index} comes within ${open}`);
    else if (event === 'contentBlockStart') violations.push(`block ${index} begins twice`);
    if (event === 'contentBlockStop') open = null;
    else kind = kindOf(fields, kind, violations);
  }
  return violations;
}

function kindOf(fields: JsonObject, known: string | undefined, violations: string[]): string | undefined {
  const [kind] = Object.keys(asObject(fields.start ?? fields.delta) ?? {}).filter(
    (name) => name !== 'citation',
  );
  if (kind !== undefined && known !== undefined && kind !== known)
    violations.push(`${kind} comes in a block of ${known}`);
  if (fields.delta !== undefined && kind === 'toolUse' && known === undefined)
    violations.push('a call has no start');
  return known ?? kind;
}
