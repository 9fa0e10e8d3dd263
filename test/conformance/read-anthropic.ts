// A message as @anthropic-ai/sdk hands it over → Answer.
import type { Message } from '@anthropic-ai/sdk/resources/messages';
import { type Answer, emptyAnswer, splitCallId, unsealed } from './answer.ts';

export function readMessage(message: Message): Answer {
  const answer: Answer = { ...emptyAnswer(), finish: message.stop_reason };
  for (const block of message.content) {
    if (block.type === 'text') answer.text += block.text;
    else if (block.type === 'redacted_thinking') answer.seals.push(unsealed(block.data));
    else if (block.type === 'thinking') {
      answer.reasoning += block.thinking;
      const seal = unsealed(block.signature ?? '');
      if (seal !== '') answer.seals.push(seal);
    } else if (block.type === 'tool_use') {
      const { id, seals } = splitCallId(block.id);
      answer.seals.push(...seals);
      answer.calls.push({ id, name: block.name, arguments: block.input });
    }
  }
  const { usage } = message;
  answer.usage = {
    input: usage.input_tokens ?? 0,
    cacheRead: usage.cache_read_input_tokens ?? 0,
    cacheWrite: usage.cache_creation_input_tokens ?? 0,
    output: usage.output_tokens ?? 0,
    reasoning: usage.output_tokens_details?.thinking_tokens ?? 0,
  };
  return answer;
}
