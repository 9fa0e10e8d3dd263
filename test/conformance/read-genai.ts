// Chunks as @google/genai hands them over → Answer; a whole answer is one chunk.
import type { GenerateContentResponse } from '@google/genai';
import { type Answer, type Counts, emptyAnswer, NO_COUNTS, unsealed } from './answer.ts';

export function foldGenai(chunks: readonly GenerateContentResponse[]): Answer {
  const answer = emptyAnswer();
  for (const chunk of chunks) {
    answer.usage = readUsage(chunk.usageMetadata) ?? answer.usage;
    const candidate = chunk.candidates?.find((each) => (each.index ?? 0) === 0);
    answer.finish =
      reasonWord(candidate?.finishReason) ?? answer.finish ?? chunk.promptFeedback?.blockReason ?? null;
    for (const part of candidate?.content?.parts ?? []) {
      if (part.thought === true) answer.reasoning += part.text ?? '';
      else answer.text += part.text ?? '';
      // What tools of Google's own sealed is told with them, or lost with them.
      const isHosted = 'toolCall' in part || 'toolResponse' in part || part.executableCode !== undefined;
      const seal = part.thoughtSignature && !isHosted ? unmarked(part.thoughtSignature) : '';
      const call = part.functionCall;
      // A call may repeat the seal of the thought before it.
      const isRepeated = call !== undefined && answer.seals.includes(seal);
      if (seal !== '' && !isRepeated) answer.seals.push(seal);
      if (call?.name !== undefined) {
        answer.calls.push({ id: call.id ?? '', name: call.name, arguments: { ...call.args } });
      }
      // Recorded pieces of arguments are flat texts.
      for (const { jsonPath = '', stringValue = '' } of call?.partialArgs ?? []) {
        const args = (answer.calls.at(-1)?.arguments ?? {}) as Record<string, unknown>;
        const key = jsonPath.slice('$.'.length);
        args[key] = `${args[key] ?? ''}${stringValue}`;
      }
    }
  }
  return answer;
}

/** Some servers number the reasons. */
function reasonWord(reason: unknown): string | undefined {
  if (typeof reason === 'number') return ['', 'STOP', 'MAX_TOKENS'][reason];
  return typeof reason === 'string' ? reason : undefined;
}

/** Tokens are bytes in Base64 here: its SDK hands them over so, others decode them. */
function unmarked(seal: string): string {
  if (!atob(seal).startsWith('sluice:')) return seal;
  const text = new TextDecoder().decode(Uint8Array.fromBase64(seal));
  // That of a thought brings the thought along, alone where nobody signed it.
  const [before, length = 0] = /^sluice:(?:thought:(\d+):|redacted:)/.exec(text) ?? [];
  if (before === undefined) return unsealed(text);
  const token = text.slice(before.length + Number(length));
  return token === '' ? '' : unsealed(`sluice:${token}`);
}

/** Thoughts are counted apart from the candidates, and what tools put into the prompt apart from the prompt. */
function readUsage(usage: GenerateContentResponse['usageMetadata']): Counts | null {
  // Zeros stand where nothing is known.
  if (!usage?.promptTokenCount && !usage?.candidatesTokenCount && !usage?.thoughtsTokenCount) return null;
  const cacheRead = usage.cachedContentTokenCount ?? 0;
  const reasoning = usage.thoughtsTokenCount ?? 0;
  return {
    ...NO_COUNTS,
    input: (usage.promptTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0) - cacheRead,
    cacheRead,
    output: (usage.candidatesTokenCount ?? 0) + reasoning,
    reasoning,
  };
}
