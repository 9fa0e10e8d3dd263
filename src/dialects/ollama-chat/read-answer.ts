// What a whole answer and a line of a stream have in common: calls, the stop reason, the counts.
import { exactText } from '../../model/json/exact-numbers.ts';
import type { Finish } from '../../model/finish.ts';
import { fnv1a } from '../../model/hash.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { TokenLogprob } from '../../model/logprobs.ts';
import { CountReader, type StatedUsage } from '../../model/usage.ts';
import { objectsIn } from '../shared/answer-list.ts';

export interface Call {
  id: string;
  name: string;
  /** JSON text. */
  arguments: string;
}

/**
 * The calls of a message, each complete. Older servers give no ids: then one is made from the line's time
 * and the call's place in the answer, so that no other call of the conversation has it.
 * @param seen how many calls the answer made before.
 * @throws MalformedEvent where a call is no object.
 */
export function readCalls(message: JsonObject, createdAt: string, seen: number): Call[] {
  const calls: Call[] = [];
  for (const call of objectsIn(message.tool_calls, 'message.tool_calls')) {
    const called = asObject(call.function) ?? {};
    const given = called.arguments;
    calls.push({
      id: asString(call.id) || `call_${fnv1a(createdAt).toString(36)}_${seen + calls.length}`,
      // The gateway refuses an answer with a call that has no name.
      name: asString(called.name) ?? '',
      arguments: typeof given === 'string' ? given : exactText(given ?? {}),
    });
  }
  return calls;
}

/**
 * Picks from the tokens of a whole answer, which include thoughts and calls, those that spell its text; undefined where
 * they cannot be told with certainty.
 * @param alone whether the answer is that text and nothing else.
 */
export function spellingOf(
  text: string,
  tokens: readonly TokenLogprob[] | undefined,
  alone: boolean,
): TokenLogprob[] | undefined {
  if (tokens === undefined || text === '') return undefined;
  if (alone) return [...tokens];
  let spelled = '';
  let at = tokens.length;
  while (at > 0 && spelled.length < text.length) spelled = `${tokens[--at]?.token ?? ''}${spelled}`;
  return spelled === text ? tokens.slice(at) : undefined;
}

/** @param called whether the answer calls a tool: Ollama states `stop` even then. */
export function readFinish(body: JsonObject, called: boolean): Finish {
  const raw = asString(body.done_reason) ?? null;
  if (raw === 'length') return { unified: 'max_tokens', raw };
  if (called) return { unified: 'tool_use', raw };
  return { unified: raw === 'stop' || raw === null ? 'end_turn' : 'other', raw };
}

/**
 * A count of zero is left out, such as that of a prompt which the server still had in memory. Returns undefined where both are missing:
 * nothing was counted.
 */
export function readUsage(body: JsonObject): StatedUsage | undefined {
  if (body.prompt_eval_count === undefined && body.eval_count === undefined) return undefined;
  const counts = new CountReader();
  return counts.stated({
    inputTokens: counts.read(body.prompt_eval_count) ?? 0,
    outputTokens: counts.read(body.eval_count) ?? 0,
  });
}
