// Answers of text completions: reads whole ones, and writes them if a provider answers in another form.
// https://platform.openai.com/docs/api-reference/completions/object
import type { StreamEvent } from '../../../model/events.ts';
import type { Finish } from '../../../model/finish.ts';
import { GatewayError } from '../../../model/errors.ts';
import { asObject, asArray, asString, type JsonObject } from '../../../model/json/json.ts';
import type { NeutralResponse } from '../../../model/response.ts';
import { countsOf, mergeUsage, NO_USAGE, totalInputTokens, type Usage } from '../../../model/usage.ts';
import type { AnswerContext, StreamEncoder } from '../../dialect.ts';
import { buildError } from '../../openai/errors.ts';
import { commentFor } from '../../shared/keep-alive.ts';
import { objectsIn } from '../../shared/answer-list.ts';
import { errorInBody } from '../errors.ts';
import { brokenFinish, buildFinishReason, parseFinish } from '../finish.ts';
import { accountIn } from '../parse-response.ts';
import { buildUsage } from '../usage.ts';
import { unreadIn } from './decode-stream.ts';
import { ID } from '../wire.ts';

/** Reads the first choice; the others pass to the client unread. */
export function parseResponse(body: JsonObject): NeutralResponse {
  const error = errorInBody(body);
  if (error !== undefined) throw error;
  const choice = asObject(asArray(body.choices)?.[0]);
  const text = asString(choice?.text);
  if (choice === undefined || text === undefined) {
    throw new GatewayError(
      'upstream_malformed',
      'the provider answered JSON without `choices[0].text`: does it serve text completions at this base_url?',
    );
  }
  const raw = asString(choice.finish_reason) || null;
  const failure = brokenFinish(raw);
  if (failure !== undefined) throw failure;
  const { model, usage } = accountIn(body);
  const unread = objectsIn(body.choices, 'choices').flatMap(unreadIn);
  return {
    id: asString(body.id) || null,
    model,
    parts: text === '' ? [] : [{ type: 'text', text }],
    finish: parseFinish(raw, choice, false),
    ...countsOf(usage),
    ...(unread.length > 0 && {
      extension: { dialect: ID, fields: Object.fromEntries(unread.map((name) => [name, {}])) },
    }),
  };
}

export function buildResponse(response: NeutralResponse, context: AnswerContext): JsonObject {
  const text = response.parts.flatMap((part) => {
    if (part.type === 'text') return [part.text];
    context.lost?.(part.type);
    return [];
  });
  for (const name of Object.keys(response.extension?.fields ?? {})) context.lost?.(name);
  const { usage } = response;
  return {
    ...envelope(response.id, response.model, context),
    choices: [choiceOf(text.join(''), response.finish)],
    ...(totalInputTokens(usage) + usage.outputTokens > 0 && { usage: buildUsage(usage) }),
  };
}

function envelope(id: string | null, model: string | null, context: AnswerContext): JsonObject {
  return {
    id: id ?? `cmpl-${context.requestId}`,
    object: 'text_completion',
    created: context.created,
    model: model ?? context.model,
  };
}

function choiceOf(text: string, finish: Finish | null): JsonObject {
  const reason = finish === null ? null : buildFinishReason(finish, false);
  return { text, index: 0, logprobs: null, finish_reason: reason };
}

export function createStreamEncoder(context: AnswerContext): StreamEncoder {
  return new CompletionEncoder(context);
}

class CompletionEncoder implements StreamEncoder {
  private readonly context: AnswerContext;
  private head: JsonObject;
  private usage: Usage | undefined;

  constructor(context: AnswerContext) {
    this.context = context;
    this.head = envelope(null, null, context);
  }

  encode(event: StreamEvent): string {
    switch (event.type) {
      case 'start':
        this.head = envelope(event.id, event.model, this.context);
        return '';
      case 'text-delta':
        return event.text === '' ? '' : this.chunk([choiceOf(event.text, null)]);
      case 'usage':
        this.usage = mergeUsage(this.usage ?? NO_USAGE, event.usage);
        return '';
      case 'finish':
        return `${this.chunk([choiceOf('', event.finish)])}${this.usageChunk()}data: [DONE]\n\n`;
      case 'error':
        return `data: ${JSON.stringify(buildError(event.error))}\n\n`;
      case 'text-start':
      case 'text-end':
        return '';
      case 'extension':
        this.context.lost?.(event.name);
        return '';
      default:
        this.lose(event.type);
        return '';
    }
  }

  ping(): string {
    return commentFor(this.context);
  }

  /** Only text has a place here. */
  private lose(type: string): void {
    if (type.endsWith('-start')) this.context.lost?.(type.slice(0, -'-start'.length));
  }

  private chunk(choices: JsonObject[], usage: JsonObject | null = null): string {
    const counts = this.context.includeUsage ? { usage } : {};
    return `data: ${JSON.stringify({ ...this.head, choices, ...counts })}\n\n`;
  }

  private usageChunk(): string {
    if (!this.context.includeUsage || this.usage === undefined) return '';
    return this.chunk([], buildUsage(this.usage));
  }
}
