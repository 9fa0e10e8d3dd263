// Whether a request's answer can be continued by another target, and the request that asks for the rest.
import type { Message, NeutralRequest } from '../../model/request.ts';
import { prefillOf } from '../../dialects/shared/turns/prefill.ts';
import type { Plan, Question } from '../attempts/plan.ts';

/** Whether its answer may be plain text. A JSON document is not assembled from two answers. */
export function isPlainQuestion(question: Question): boolean {
  try {
    const { outputFormat } = question.neutral();
    return outputFormat === undefined || outputFormat.type === 'text';
  } catch {
    // It can pass as it came, but cannot be put to another target.
    return false;
  }
}

/** The client's own last turn, if the answer repeats it to the client. Clients of other dialects do not get the repeat. */
export function repeatedTurn({ target, sameDialect }: Plan, question: Question): string | undefined {
  if (!sameDialect || target.provider.quirks.prefill !== 'repeats') return undefined;
  return prefillOf(question.neutral());
}

/** The request with the beginning of its answer as the last turn, appended to the client's own where that began the answer itself. */
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
