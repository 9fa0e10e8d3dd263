// A summary of the conversation, for clients that ask their vendor's servers for one, by a target that offers none: the model is told to
// write it, and its text becomes what the client sends back in place of the turns. docs/adr/0028
import type { ClientSummaries } from '../../dialects/operations.ts';
import type { ProviderDialectId } from '../../model/dialect-id.ts';
import { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { AnswerContext, AnswerStep, Transformer } from '../../transformers/transformer.ts';

/** What the model is told. It comes last, so that its provider's cache of the conversation is hit. */
const INSTRUCTIONS = `Do not continue the work now, and call no tool. Write a summary of this conversation instead. \
Whoever continues it will see the summary and at most the user's own messages, nothing else. State:

- what the user wants, with every requirement, correction and preference that still holds;
- what was done and decided, and why;
- what is needed to go on: names and paths of files, commands, identifiers, exact values, errors and how they were solved;
- how things stand, and what is to be done next.

Leave out what no longer matters. Answer with the summary alone, as text.`;

/** The request that has the model write a summary. The conversation, the tools and the thinking stay as they are, for the cache. */
export function askForSummary(asked: NeutralRequest, summaries: ClientSummaries): NeutralRequest {
  const { request, instructions = INSTRUCTIONS } = summaries.plain(asked);
  const { outputFormat: _, toolChoice: __, stopSequences: ___, ...plain } = request;
  return {
    ...plain,
    messages: [...plain.messages, { role: 'user', parts: [{ type: 'text', text: instructions }] }],
  };
}

/** Makes the client's item from the text that the model writes; nothing else of the answer remains. */
export function summaryStep(
  summaries: ClientSummaries,
  dialect: ProviderDialectId,
  requestId: string,
): Transformer {
  return { name: 'summary', options: {}, answer: (context) => createStep(context) };

  function createStep({ provider, model }: AnswerContext): AnswerStep {
    let text = '';

    function* taken(event: StreamEvent): Iterable<StreamEvent> {
      switch (event.type) {
        case 'text-delta':
          text += event.text;
          return;
        case 'start':
        case 'usage':
        case 'error':
          yield event;
          return;
        case 'finish': {
          if (text.trim() === '')
            throw new GatewayError(
              'upstream_malformed',
              `${provider} (model ${model}) was asked for a summary of the conversation and wrote no text`,
            );
          const { name, value } = summaries.buildPart(text.trim(), requestId);
          yield { type: 'extension', dialect, name, value: { value } };
          const isWhole = event.finish.unified !== 'max_tokens';
          yield { type: 'finish', finish: isWhole ? (summaries.finish ?? END) : event.finish };
        }
      }
    }

    return { push: (events) => events.flatMap((event) => [...taken(event)]) };
  }
}

/** Whatever else the model began is left out, so the client must not be asked to answer a call. */
const END = { unified: 'end_turn', raw: null } as const;
