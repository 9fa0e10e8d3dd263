// Checks a stream of events for what this dialect's clients rely on; for tests and conformance runs.
import {
  asArray,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  parseObject,
} from '../../model/json/json.ts';
import type { Usage } from '../../model/usage.ts';
import type { GrammarChecker } from '../dialect.ts';
import { createItemChecker, itemMeaning } from './grammar-items.ts';
import { parseUsage } from './usage.ts';

const TERMINALS = new Set(['response.completed', 'response.incomplete', 'response.failed']);

/**
 * Strict about what breaks clients, but silent where official servers vary (padding, extra fields, tokens that are encrypted anew each time
 * they are sent).
 */
export function createGrammarChecker(): GrammarChecker {
  const violations: string[] = [];
  let events = 0;
  let sequence: number | undefined;
  let responseId: string | undefined;
  let begun = false;
  /** The event that ended the stream; an `error` may be followed by the failed response. */
  let end: string | undefined;
  let finish: string | null = null;
  let usage: Partial<Usage> = {};
  const items = createItemChecker(violate);

  function violate(problem: string): void {
    violations.push(`event ${events}: ${problem}`);
  }

  function checkSequence(event: JsonObject): void {
    const number = asNumber(event.sequence_number);
    if (number === undefined) violate('no sequence_number');
    else if (sequence !== undefined && number !== sequence + 1) {
      violate(`sequence_number ${number} after ${sequence}`);
    }
    sequence = number ?? sequence;
  }

  function checkResponse(type: string, event: JsonObject): JsonObject | undefined {
    const response = asObject(event.response);
    const id = asString(response?.id);
    if (response === undefined || !id) {
      violate(`${type} without response.id`);
      return response;
    }
    if (responseId !== undefined && responseId !== id) violate(`the id changes from ${responseId} to ${id}`);
    responseId = id;
    return response;
  }

  function checkTerminal(type: string, response: JsonObject): void {
    const status = type.slice('response.'.length);
    if (response.status !== status) violate(`${type} says status ${String(response.status)}`);
    const reason = asString(asObject(response.incomplete_details)?.reason);
    finish = reason ?? status;
    usage = parseUsage(response) ?? {};
    if (status === 'failed') {
      if (!asString(asObject(response.error)?.message)) violate('a failed response without error.message');
      return;
    }
    if (status === 'incomplete' && reason === undefined) violate('an incomplete response without a reason');
    // A gateway whose provider counted nothing sends null.
    if (asObject(response.usage) === undefined && response.usage !== null) violate(`${type} without usage`);
    items.end();
    const streamed = items.doneItems().map(itemMeaning);
    const repeated = (asArray(response.output) ?? []).map((item) => itemMeaning(asObject(item) ?? {}));
    if (JSON.stringify(streamed) !== JSON.stringify(repeated)) {
      violate(`the output of ${type} differs from the items that were sent`);
    }
  }

  function checkTyped(type: string, event: JsonObject): void {
    if (end !== undefined && !(end === 'error' && type === 'response.failed'))
      violate(`${type} after ${end}`);
    if (type === 'error') {
      end = type;
      if (!asString(event.message) && !asString(asObject(event.error)?.message)) {
        violate('an error without message');
      }
      return;
    }
    if (type === 'response.created') {
      if (begun) violate('response.created twice');
    } else if (!begun) violate(`${type} before response.created`);
    begun = true;
    if (TERMINALS.has(type)) {
      end = type;
      const response = checkResponse(type, event);
      if (response !== undefined) checkTerminal(type, response);
    } else if (type === 'response.created' || type === 'response.in_progress' || type === 'response.queued') {
      checkResponse(type, event);
    } else items.check(type, event);
  }

  return {
    check({ event: name, data }) {
      events++;
      if (data === '[DONE]') {
        violate('[DONE], which this dialect does not have');
        return;
      }
      const event = parseObject(data);
      const type = asString(event?.type);
      if (event === undefined || type === undefined) {
        violate('not a JSON object with a type');
        return;
      }
      if (name !== type) violate(`the event is named ${JSON.stringify(name)}, its type is ${type}`);
      if (type === 'keepalive') return;
      checkSequence(event);
      checkTyped(type, event);
    },
    end() {
      if (end === undefined) violations.push('end: no terminal event');
      return violations;
    },
    summary: () => ({ finish, usage }),
  };
}
