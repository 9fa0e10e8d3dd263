// What the lines of a stream and a whole answer have in common for a client.
import type { ToolCallPart } from '../../model/content.ts';
import type { Finish } from '../../model/finish.ts';
import { asArray, asString, type JsonObject } from '../../model/json/json.ts';
import { callWithThoughtsToWire, isSeal, type ThoughtBeforeCall } from '../../model/opaque-token.ts';
import { totalInputTokens, type Usage } from '../../model/usage.ts';
import type { AnswerContext, AnswerTimes } from '../dialect.ts';
import type { AnswerLosses } from '../shared/losses/answer-losses.ts';
import { argumentObject } from '../shared/tools/call-arguments.ts';
import { WITHOUT_SIGNATURE } from '../shared/losses/substitutes.ts';

/** The fields that every line has. */
export function lineHead(model: string, { created }: Pick<AnswerContext, 'created'>): JsonObject {
  return { model, created_at: new Date(created * 1_000).toISOString() };
}

/**
 * Returns undefined where the arguments are no JSON object.
 * @param index of the call in the answer.
 * @param thoughts between the previous call and this one, whose id carries their tokens.
 */
export function buildCall(
  call: Omit<ToolCallPart, 'type'>,
  index: number,
  thoughts: readonly ThoughtBeforeCall[],
): JsonObject | undefined {
  const args = argumentObject(call);
  if (args === undefined) return undefined;
  const { id, name, signature } = call;
  const wire = callWithThoughtsToWire({
    id,
    ...(signature !== undefined && { token: signature }),
    thoughts: [...thoughts],
  });
  return { id: wire, function: { index, name, arguments: args } };
}

/** Reports what is lost of thoughts that no call carries. */
export function reportThoughts(thoughts: readonly ThoughtBeforeCall[], losses: AnswerLosses): void {
  for (const { length, token } of thoughts) {
    if (token === null || !isSeal(token)) continue;
    if (length === 0) losses.lost('reasoning');
    else losses.approximated('reasoning', WITHOUT_SIGNATURE);
  }
}

/** The fields of an ending, including durations and counts. What they cannot express is reported. */
export function buildEnding(
  finish: Finish,
  usage: Usage,
  losses: AnswerLosses,
  { measured }: AnswerContext,
): JsonObject {
  losses.finish(finish);
  if (finish.unified === 'refusal')
    losses.approximated('finish_reason', 'a refusal is reported as an ordinary end');
  const ending: JsonObject = {
    done: true,
    done_reason: buildReason(finish),
    ...(measured !== undefined && buildDurations(measured())),
  };
  losses.usage(usage, COUNTS_WITHOUT_FIELD);
  const prompt = totalInputTokens(usage);
  // Left out where the provider stated no counts: zeros would claim that there were none.
  if (prompt + usage.outputTokens === 0) return ending;
  return { ...ending, prompt_eval_count: prompt, eval_count: usage.outputTokens };
}

/**
 * Clients load a model into memory by a request without messages, and unload it by one with a `keep_alive` of 0. No model is in
 * memory here; the answers are those of Ollama's own server.
 */
export function answerToLoad(body: JsonObject, created: number): JsonObject | undefined {
  const { model, messages, keep_alive: keepAlive } = body;
  if (asArray(messages ?? [])?.length !== 0) return undefined;
  return {
    ...lineHead(asString(model) ?? '', { created }),
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: /^0+[a-z]*$/.test(String(keepAlive ?? '')) ? 'unload' : 'load',
  };
}

/**
 * All durations that Ollama states, since `ollama-rs` reads no counts from an ending that lacks one. No model is
 * loaded, and time that is not known to have gone into the prompt counts for the answer.
 * https://docs.rs/ollama-rs/latest/ollama_rs/generation/chat/struct.ChatMessageFinalResponseData.html
 */
function buildDurations({ total, content }: AnswerTimes): JsonObject {
  const evaluation = content ?? total;
  return {
    total_duration: nanoseconds(total),
    load_duration: 0,
    prompt_eval_duration: nanoseconds(total - evaluation),
    eval_duration: nanoseconds(evaluation),
  };
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1_000_000);
}

/** An answer with calls also ends in `stop`. */
function buildReason({ unified }: Finish): string {
  return unified === 'max_tokens' || unified === 'context_window_exceeded' ? 'length' : 'stop';
}

/** Counts for which this dialect has no field. */
const COUNTS_WITHOUT_FIELD: readonly (keyof Usage)[] = [
  'cacheReadTokens',
  'cacheWriteTokens',
  'cacheWrite1hTokens',
  'reasoningTokens',
  'webSearches',
  'audioInputTokens',
  'audioOutputTokens',
];
