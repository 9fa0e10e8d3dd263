// What Ollama's own SDK reads from a recording.
import { type ChatResponse, Ollama } from 'ollama';
import type { Answer } from './answer.ts';
import { NO_COUNTS } from './answer.ts';
import type { ClientFetch } from './clients.ts';

export async function askOllama(fetch: ClientFetch, stream: boolean): Promise<Answer> {
  const client = new Ollama({ host: 'http://upstream.test', fetch: fetch as typeof globalThis.fetch });
  const ask = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
  const parts: ChatResponse[] = [];
  if (!stream) parts.push(await client.chat(ask));
  else for await (const part of await client.chat({ ...ask, stream: true })) parts.push(part);
  const last = parts.at(-1);
  const calls = parts.flatMap(({ message }) => message.tool_calls ?? []);
  return {
    text: parts.map(({ message }) => message.content ?? '').join(''),
    reasoning: parts.map(({ message }) => message.thinking ?? '').join(''),
    seals: [],
    refusal: '',
    calls: calls.map(({ function: { name, arguments: given } }) => ({ id: '', name, arguments: given })),
    finish: last?.done_reason ?? null,
    usage:
      last?.eval_count === undefined
        ? null
        : { ...NO_COUNTS, input: last.prompt_eval_count ?? 0, output: last.eval_count },
  };
}
