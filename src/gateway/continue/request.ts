// What of a request lets another target go on with its answer, and the request that asks for the rest.
import type { Message, NeutralRequest } from '../../model/request.ts';
import { prefillOf } from '../../dialects/shared/prefill.ts';
import type { Plan, Question } from '../attempts/plan.ts';

/** Whether its answer may be plain text: what must be one JSON document is not put together from two. */
export function isPlainQuestion(question: Question): boolean {
  try {
    const { outputFormat } = question.neutral();
    return outputFormat === undefined || outputFormat.type === 'text';
  } catch {
    // It passes as it came, but nobody could ask it of another.
    return false;
  }
}

/** The client's own last turn, where the answer repeats it to the client: clients of other dialects do not read it. */
export function repeatedTurn({ target, sameDialect }: Plan, question: Question): string | undefined {
  if (!sameDialect || target.provider.quirks.prefill !== 'repeats') return undefined;
  return prefillOf(question.neutral());
}

/** The request with the beginning of its answer: in the client's own last turn, where it began the answer itself. */
export function withTurn(request: NeutralRequest, text: string): NeutralRequest {
  const { messages } = request;
  const last = messages.at(-1);
  if (last?.role !== 'assistant')
    return { ...request, messages: [...messages, { role: 'assistant', parts: [{ type: 'text', text }] }] };
  return { ...request, messages: [...messages.slice(0, -1), extended(last, text)] };
}

function extended(turn: Message, text: string): Message {
  const end = turn.parts.at(-1);
  if (end?.type !== 'text') return { ...turn, parts: [...turn.parts, { type: 'text', text }] };
  return { ...turn, parts: [...turn.parts.slice(0, -1), { ...end, text: end.text + text }] };
}
