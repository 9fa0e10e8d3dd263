// What Ollama's own SDK reads, from a recording or from the gateway.
import type { ChatRequest, ChatResponse, Message, Ollama } from 'ollama';
import type { Answer } from './answer.ts';
import { NO_COUNTS, unsealed } from './answer.ts';

export async function askOllama(client: Ollama, ask: ChatRequest, stream: boolean): Promise<ChatResponse[]> {
  if (!stream) return [await client.chat({ ...ask, stream: false })];
  return Array.fromAsync(await client.chat({ ...ask, stream: true }));
}

export function foldLines(parts: readonly ChatResponse[]): Answer {
  const last = parts.at(-1);
  const { content, thinking, tool_calls: calls } = messageOf(parts);
  const ids = calls.map((call) => splitCallId(String((call as { id?: string }).id ?? '')));
  return {
    text: content,
    reasoning: thinking,
    seals: ids.flatMap(({ seals }) => seals),
    refusal: '',
    calls: calls.map(({ function: { name, arguments: given } }, at) => ({
      id: ids[at]?.id ?? '',
      name,
      arguments: given,
    })),
    finish: last?.done_reason ?? null,
    usage:
      last?.eval_count === undefined
        ? null
        : { ...NO_COUNTS, input: last.prompt_eval_count ?? 0, output: last.eval_count },
  };
}

/** A call's id, and the tokens of the call and of the thoughts before it, which it carries. */
function splitCallId(wire: string): { id: string; seals: string[] } {
  const [id = '', carried] = wire.split('__sluice_');
  if (carried === undefined) return { id, seals: [] };
  const text = Buffer.from(carried, 'base64url').toString();
  const tokens = text.startsWith('[')
    ? (JSON.parse(text) as unknown[]).map((each) => (Array.isArray(each) ? each[1] : each))
    : [text];
  const seals = tokens.flatMap((token) => (typeof token === 'string' ? [unsealed(`sluice:${token}`)] : []));
  return { id, seals: seals.filter((seal) => seal !== '') };
}

/** The message as the SDK's users put it together, to send it back. */
function messageOf(parts: readonly ChatResponse[]) {
  return {
    role: 'assistant',
    content: parts.map(({ message }) => message.content ?? '').join(''),
    thinking: parts.map(({ message }) => message.thinking ?? '').join(''),
    tool_calls: parts.flatMap(({ message }) => message.tool_calls ?? []),
  };
}

export async function readOllamaMessage(client: Ollama, ask: ChatRequest, stream: boolean): Promise<Message> {
  const parts = await askOllama(client, ask, stream);
  const [whole] = parts;
  return stream || whole === undefined ? messageOf(parts) : whole.message;
}
