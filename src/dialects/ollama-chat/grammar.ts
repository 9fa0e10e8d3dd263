// Checks a stream of lines against what Ollama's clients rely on: for tests and conformance runs.
import { asArray, asObject, asString, isObject, parseObject } from '../../model/json/json.ts';
import type { Usage } from '../../model/usage.ts';
import type { GrammarChecker } from '../dialect.ts';
import { readUsage } from './read-answer.ts';

/** Strict about what breaks clients, and silent where servers of different versions vary (ids of calls, durations). */
export function createGrammarChecker(): GrammarChecker {
  const violations: string[] = [];
  let lines = 0;
  let hasError = false;
  let isDone = false;
  let finish: string | null = null;
  let usage: Partial<Usage> = {};

  function violate(problem: string): void {
    violations.push(`line ${lines}: ${problem}`);
  }

  return {
    check({ data }) {
      lines++;
      if (hasError) violate('a line after an error');
      else if (isDone) violate('a line after the one that is done');
      const line = parseObject(data);
      if (line === undefined) {
        violate('not a JSON object');
        return;
      }
      if (line.error !== undefined) {
        hasError = true;
        if (!asString(line.error)) violate('an error without message');
        return;
      }
      if (!asString(line.model)) violate('no model');
      if (Number.isNaN(Date.parse(asString(line.created_at) ?? ''))) violate('no created_at');
      const message = asObject(line.message);
      if (message?.role !== 'assistant') violate('no message of the assistant');
      if (typeof message?.content !== 'string') violate('the message has no content');
      for (const call of asArray(message?.tool_calls) ?? []) {
        const called = asObject(asObject(call)?.function);
        if (!asString(called?.name)) violate('a call without name');
        if (!isObject(called?.arguments)) violate('a call whose arguments are no object');
      }
      if (typeof line.done !== 'boolean') violate('it does not say whether it is done');
      if (line.done !== true) return;
      isDone = true;
      finish = asString(line.done_reason) ?? null;
      if (!finish) violate('it is done without a done_reason');
      usage = readUsage(line) ?? {};
    },
    end() {
      lines++;
      if (!hasError && !isDone) violate('the stream ends without a line that is done, or an error');
      return violations;
    },
    summary: () => ({ finish, usage }),
  };
}
