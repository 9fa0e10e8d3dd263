// Chunks and completions as the openai SDK hands them over → Answer. The SDK parses but does not assemble raw
// chunks; its stream helper does, but keeps only the last piece of fields it has no type for.
import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions';
import {
  type Answer,
  type Call,
  type Counts,
  emptyAnswer,
  NO_COUNTS,
  parseArguments,
  splitCallId,
  unsealed,
} from './answer.ts';

interface LooseCall {
  index?: number | null;
  id?: string | null;
  function?: { name?: string | null; arguments?: unknown } | null;
  custom?: { name?: string | null; input?: string } | null;
}

interface ReasoningEntry {
  text?: string | null;
  summary?: string | null;
  signature?: string | null;
  data?: string | null;
}

/** A message or delta with what servers beside OpenAI put into it. */
interface LooseMessage {
  content?: string | { type: string; text?: string; thinking?: { text?: string }[] | string }[] | null;
  refusal?: string | null;
  reasoning_content?: string | null;
  reasoning?: string | null;
  reasoning_details?: ReasoningEntry[] | null;
  tool_calls?: LooseCall[] | null;
  function_call?: { name?: string | null; arguments?: unknown } | null;
  audio?: { transcript?: string | null } | null;
}

interface LooseUsage {
  prompt_tokens?: number;
  completion_tokens?: number;
  total_tokens?: number;
  prompt_tokens_details?: { cached_tokens?: number | null; cache_write_tokens?: number | null } | null;
  completion_tokens_details?: { reasoning_tokens?: number | null } | null;
  reasoning_tokens?: number | null;
  prompt_cache_hit_tokens?: number;
  cached_tokens?: number;
  cache_read_input_tokens?: number;
  cache_creation_input_tokens?: number;
}

interface LooseBody {
  choices?: {
    index?: number;
    delta?: unknown;
    message?: unknown;
    finish_reason?: string | null;
    usage?: unknown;
  }[];
  usage?: unknown;
  x_groq?: { usage?: unknown };
}

/** How the pieces of tool calls are told apart, where `index` does not do it. */
export type CallKey = 'index' | 'id';

export function foldChunks(chunks: readonly ChatCompletionChunk[], key: CallKey = 'index'): Answer {
  const answer = emptyAnswer();
  const calls = new Map<string, Call & { text: string; input?: string }>();
  let detailed = '';
  let lastKey = '';
  for (const chunk of chunks) {
    const body = chunk as unknown as LooseBody;
    const choice = body.choices?.find((each) => (each.index ?? 0) === 0);
    const usage = readUsage(body.usage ?? choice?.usage ?? body.x_groq?.usage);
    if (usage !== null) answer.usage = usage;
    if (choice === undefined) continue;
    if (choice.finish_reason) answer.finish = choice.finish_reason;
    const delta = (choice.delta ?? choice.message ?? {}) as LooseMessage;
    addSaid(answer, delta);
    detailed += detailText(delta);
    for (const piece of delta.tool_calls ?? []) {
      lastKey = key === 'id' ? (piece.id ?? lastKey) : String(piece.index ?? 0);
      const call = calls.get(lastKey) ?? { id: piece.id ?? '', name: '', arguments: undefined, text: '' };
      call.name ||= piece.function?.name ?? piece.custom?.name ?? '';
      if (piece.custom) call.input = (call.input ?? '') + (piece.custom.input ?? '');
      call.text += argumentText(piece.function?.arguments);
      calls.set(lastKey, call);
    }
  }
  if (answer.reasoning === '') answer.reasoning = detailed;
  for (const { id, name, text, input } of calls.values()) {
    answer.calls.push({ id, name, arguments: input === undefined ? parseArguments(text) : { input } });
  }
  return withoutCarried(answer);
}

export function readCompletion(completion: ChatCompletion): Answer {
  const answer = emptyAnswer();
  const body = completion as unknown as LooseBody;
  const choice = body.choices?.[0];
  const message = (choice?.message ?? {}) as LooseMessage;
  answer.finish = choice?.finish_reason || null;
  answer.usage = readUsage(body.usage ?? choice?.usage ?? body.x_groq?.usage);
  addSaid(answer, message);
  if (answer.reasoning === '') answer.reasoning = detailText(message);
  // A spoken answer's text is its transcript.
  if (answer.text === '') answer.text = message.audio?.transcript ?? '';
  const legacy = message.function_call?.name ? [{ function: message.function_call }] : [];
  for (const call of [...(message.tool_calls ?? []), ...legacy] as LooseCall[]) {
    if (call.custom?.name) {
      answer.calls.push({
        id: call.id ?? '',
        name: call.custom.name,
        arguments: { input: call.custom.input },
      });
    }
    const name = call.function?.name;
    if (!name) continue;
    const text = argumentText(call.function?.arguments);
    answer.calls.push({ id: call.id ?? '', name, arguments: parseArguments(text) });
  }
  return withoutCarried(answer);
}

/** Tokens that ride on calls' ids as seals of their own. */
function withoutCarried(answer: Answer): Answer {
  for (const call of answer.calls) {
    const { id, seals } = splitCallId(call.id);
    call.id = id;
    answer.seals.push(...seals);
  }
  return answer;
}

function addSaid(answer: Answer, said: LooseMessage): void {
  answer.refusal += said.refusal ?? '';
  answer.reasoning += said.reasoning_content || said.reasoning || '';
  for (const entry of said.reasoning_details ?? []) {
    // All go out again in the last chunk.
    const seal = unsealed(entry.signature || entry.data || '');
    if (seal && !answer.seals.includes(seal)) answer.seals.push(seal);
  }
  if (typeof said.content === 'string') {
    answer.text += said.content;
    return;
  }
  for (const part of said.content ?? []) {
    if (part.type === 'text') answer.text += part.text ?? '';
    else if (typeof part.thinking === 'string') answer.reasoning += part.thinking;
    else for (const piece of part.thinking ?? []) answer.reasoning += piece.text ?? '';
  }
}

function detailText(said: LooseMessage): string {
  return (said.reasoning_details ?? []).map((entry) => entry.text || entry.summary || '').join('');
}

function argumentText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** Cached tokens are part of `prompt_tokens` in this format, and reasoning part of `completion_tokens`. */
function readUsage(value: unknown): Counts | null {
  if (typeof value !== 'object' || value === null) return null;
  const usage = value as LooseUsage;
  const prompt = usage.prompt_tokens ?? 0;
  const completion = usage.completion_tokens ?? 0;
  // As good as none stated.
  if (prompt === 0 && completion === 0) return null;
  const reasoning = usage.completion_tokens_details?.reasoning_tokens ?? usage.reasoning_tokens ?? 0;
  const cacheRead = Math.max(
    usage.prompt_tokens_details?.cached_tokens ?? 0,
    usage.prompt_cache_hit_tokens ?? 0,
    usage.cache_read_input_tokens ?? 0,
    usage.cached_tokens ?? 0,
  );
  const cacheWrite =
    usage.prompt_tokens_details?.cache_write_tokens ?? usage.cache_creation_input_tokens ?? 0;
  // xAI adds reasoning to the total alone.
  // More reasoning than completion can only be counted apart, whatever the total says (Vercel's gateway).
  const apart =
    reasoning > completion || (reasoning > 0 && usage.total_tokens === prompt + completion + reasoning);
  return {
    ...NO_COUNTS,
    input: prompt - cacheRead - cacheWrite,
    cacheRead,
    cacheWrite,
    output: apart ? completion + reasoning : completion,
    reasoning,
  };
}
