// Checks a stream of chunks for what OpenAI's clients rely on; for tests and conformance runs.
import {
  asArray,
  asObject,
  asString,
  isJson,
  isObject,
  type JsonObject,
  parseObject,
} from '../../model/json/json.ts';
import type { Usage } from '../../model/usage.ts';
import type { GrammarChecker } from '../dialect.ts';
import { parseUsage } from './usage.ts';

interface CheckedCall {
  isCustom: boolean;
  arguments: string;
}

interface CheckedChoice {
  finish: string | null;
  calls: Map<number, CheckedCall>;
  ids: Set<string>;
}

/** Strict about what breaks clients, but silent where official servers vary (missing `created`, a repeated role, extra fields). */
export function createGrammarChecker(): GrammarChecker {
  const violations: string[] = [];
  let events = 0;
  let id: string | undefined;
  let isDone = false;
  let hasError = false;
  let usage: Partial<Usage> = {};
  const choices = new Map<number, CheckedChoice>();

  function violate(problem: string): void {
    violations.push(`event ${events}: ${problem}`);
  }

  function checkCall(item: JsonObject, choice: CheckedChoice): void {
    const { index } = item;
    if (typeof index !== 'number') {
      violate('a tool call without index');
      return;
    }
    const custom = asObject(item.custom);
    const called = custom ?? asObject(item.function);
    let call = choice.calls.get(index);
    if (call === undefined) {
      if (index !== choice.calls.size) violate(`tool index ${index} after ${choice.calls.size} calls`);
      const callId = asString(item.id);
      if (!callId) violate(`tool call ${index} begins without id`);
      else if (choice.ids.has(callId)) violate(`tool call id ${callId} is used twice`);
      else choice.ids.add(callId);
      if (!asString(called?.name)) violate(`tool call ${index} begins without name`);
      call = { isCustom: custom !== undefined, arguments: '' };
      choice.calls.set(index, call);
    } else {
      const repeated = asString(item.id);
      if (repeated && !choice.ids.has(repeated)) violate(`tool call ${index} changes its id`);
    }
    const fragment = called?.[call.isCustom ? 'input' : 'arguments'];
    if (typeof fragment === 'string') call.arguments += fragment;
    else if (fragment !== undefined && fragment !== null) violate(`arguments of call ${index} are not text`);
  }

  function checkChoice(item: JsonObject): void {
    const index = typeof item.index === 'number' ? item.index : 0;
    let choice = choices.get(index);
    const delta = asObject(item.delta);
    if (delta === undefined) violate('a choice without delta');
    if (choice === undefined) {
      choice = { finish: null, calls: new Map(), ids: new Set() };
      choices.set(index, choice);
      if (delta?.role !== 'assistant') violate(`choice ${index} does not begin with the role`);
    }
    const saysSomething = delta !== undefined && Object.entries(delta).some(isSaying);
    if (choice.finish !== null && saysSomething) violate(`choice ${index} continues after finish_reason`);
    if (delta !== undefined) {
      for (const call of asArray(delta.tool_calls) ?? []) if (isObject(call)) checkCall(call, choice);
    }
    const finish = asString(item.finish_reason);
    if (finish) {
      if (choice.finish !== null) violate(`choice ${index} finishes twice`);
      choice.finish = finish;
    }
  }

  return {
    check(event) {
      events++;
      if (isDone) violate('an event after [DONE]');
      if (event.data === '[DONE]') {
        if (hasError) violate('[DONE] after an error');
        isDone = true;
        return;
      }
      if (hasError) violate('an event after an error');
      const chunk = parseObject(event.data);
      if (chunk === undefined) {
        violate('not a JSON object');
        return;
      }
      if (chunk.error !== undefined && chunk.error !== null) {
        hasError = true;
        if (!isObject(chunk.error) || !asString(chunk.error.message)) violate('an error without message');
        return;
      }
      if (!Array.isArray(chunk.choices)) {
        violate('a chunk without choices');
        return;
      }
      const chunkId = asString(chunk.id);
      if (chunkId) {
        if (id !== undefined && id !== chunkId) violate(`the id changes from ${id} to ${chunkId}`);
        id = chunkId;
      } else if (chunk.choices.length > 0) violate('a chunk without id');
      if (chunk.choices.length > 0 && !asString(chunk.model)) violate('a chunk without model');
      for (const choice of chunk.choices) {
        if (isObject(choice)) checkChoice(choice);
        else violate('a choice that is not an object');
      }
      const counts = asObject(chunk.usage);
      if (counts !== undefined) usage = { ...usage, ...parseUsage(counts) };
    },
    end() {
      events++;
      if (!hasError && !isDone) violate('the stream ends without [DONE] or error');
      if (!hasError && choices.size === 0) violate('the stream has no choice');
      for (const [index, choice] of hasError ? [] : choices) {
        if (choice.finish === null) violate(`choice ${index} has no finish_reason`);
        for (const [callIndex, call] of choice.calls) {
          // A call that the token limit cut off cannot be complete.
          if (!call.isCustom && choice.finish !== 'length' && !isJson(call.arguments)) {
            violate(`arguments of call ${callIndex} are not JSON: ${call.arguments.slice(0, 80)}`);
          }
        }
      }
      return violations;
    },
    summary: () => ({ finish: choices.get(0)?.finish ?? null, usage }),
  };
}

function isSaying([field, value]: [string, unknown]): boolean {
  return field !== 'role' && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
}
