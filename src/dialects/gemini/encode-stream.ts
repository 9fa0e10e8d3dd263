// Neutral events → the event stream, or the JSON array, that clients of this dialect read.
// https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
//
// Every chunk that is no error has a part in it: the official SDK throws away the history of a stream in which one
// has none. Calls go out whole, as clients take no fragments.
import type { Citation, ToolCallPart } from '../../model/content.ts';
import { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import type { Finish } from '../../model/finish.ts';
import type { JsonObject } from '../../model/json.ts';
import { createKeptText, type KeptText } from '../../model/kept-text.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../model/usage.ts';
import { createAnswerLosses, mediaTypeOf } from '../answer-losses.ts';
import type { AnswerContext, StreamEncoder } from '../dialect.ts';
import {
  CUT_CALL,
  callPart,
  mediaDataPart,
  redactedPart,
  replayedPart,
  signaturePart,
} from './answer-parts.ts';
import { buildError } from './build-error.ts';
import { createGroundingWriter } from './citations.ts';
import { buildFinish } from './finish.ts';
import { createSpanWriter } from './span-writer.ts';
import { addUnworded, candidateFields, type UnwordedAnswer } from './unworded.ts';
import { buildUsage, UNSAID_COUNTS } from './usage.ts';
import { ID } from './wire.ts';

export function createStreamEncoder(context: AnswerContext): StreamEncoder {
  const inArray = context.framing === 'json-array';
  // Google's own framing, which all its clients split at.
  const before = inArray ? '' : 'data: ';
  const after = inArray ? '' : '\r\n\r\n';
  let isFirst = true;
  let who: JsonObject = {};
  /** Behind the candidates of each chunk: who answers. */
  let envelope = '}';
  let textEnd = '';
  const textStart = `${before}{"candidates":[{"content":{"parts":[{"text":`;
  let thoughtEnd = '';
  let started = false;
  let usage: Usage = NO_USAGE;
  let open: { head: Omit<ToolCallPart, 'arguments'>; given: KeptText } | undefined;
  /** A call whose arguments cannot be read: forgiven where the token limit cut it. */
  let brokenCall: string | undefined;
  let hasThought = false;
  const unworded: UnwordedAnswer = { candidate: {}, response: {} };
  const losses = createAnswerLosses(ID, context);
  const grounding = createGroundingWriter();
  const spans = createSpanWriter();
  let citations: Citation[] = [];

  function start(id: string | null, model: string | null): void {
    if (started) return;
    started = true;
    who = { modelVersion: model ?? context.model, responseId: id ?? context.requestId };
    envelope = `,${JSON.stringify(who).slice(1)}`;
    textEnd = `}],"role":"model"},"index":0}]${envelope}${after}`;
    thoughtEnd = `,"thought":true${textEnd}`;
  }

  /** What goes between two elements of an array, and before the first. */
  function separator(): string {
    if (!inArray) return '';
    const text = isFirst ? '[' : ',\r\n';
    isFirst = false;
    return text;
  }

  function part(value: JsonObject): string {
    const candidate = { content: { parts: [value], role: 'model' }, index: 0 };
    return `${separator()}${before}{"candidates":[${JSON.stringify(candidate)}]${envelope}${after}`;
  }

  function whole(value: JsonObject): string {
    return separator() + before + JSON.stringify(value) + (inArray ? ']' : after);
  }

  function encodeBody(event: StreamEvent): string {
    switch (event.type) {
      case 'text-delta':
        spans.add(event.text);
        return event.text === '' ? '' : separator() + textStart + JSON.stringify(event.text) + textEnd;
      case 'refusal-delta':
        spans.add(event.text);
        return event.text === '' ? '' : part({ text: event.text });
      case 'reasoning-delta':
        hasThought ||= event.text !== '';
        return event.text === '' ? '' : separator() + textStart + JSON.stringify(event.text) + thoughtEnd;
      case 'reasoning-start':
        hasThought = false;
        return event.redacted === undefined ? '' : part(redactedPart(event.redacted));
      case 'reasoning-signature':
        return part(signaturePart(event.signature, hasThought));
      case 'tool-start': {
        const { type: _, block: __, ...head } = event;
        open = { head: { type: 'tool-call', ...head }, given: createKeptText() };
        return '';
      }
      case 'tool-delta':
        open?.given.add(event.arguments);
        return '';
      case 'tool-end':
        return endCall();
      case 'text-start':
        spans.begin();
        citations = [];
        return '';
      case 'citation':
        citations.push(event.citation);
        return '';
      case 'text-end':
        for (const citation of citations) {
          if (!grounding.add(citation, spans.segment(citation))) losses.lost('citations');
        }
        citations = [];
        return '';
      case 'server-tool-result': {
        const replayed = replayedPart(event.part.dialect, event.part.value);
        if (replayed !== undefined) return part(replayed);
        losses.serverResult(event.part);
        return '';
      }
      case 'media':
        losses.foreignMedia(mediaTypeOf(event), event.extension);
        return part(mediaDataPart(event.mediaType, event.data));
      case 'usage':
        usage = mergeUsage(usage, event.usage);
        return '';
      case 'extension':
        return extension(event);
      case 'finish':
        return finish(event.finish);
      case 'error':
        return whole(buildError(event.error));
      case 'refusal-start':
        losses.refusal();
        return '';
      case 'start':
      case 'refusal-end':
      case 'reasoning-end':
        return '';
    }
  }

  function endCall(): string {
    const opened = open;
    open = undefined;
    if (opened === undefined) return '';
    const call: ToolCallPart = { ...opened.head, arguments: opened.given.text() };
    const built = callPart(call);
    if (call.kind === 'server') losses.serverCall(call, built !== null);
    else if (call.kind === 'custom') losses.freeTextCall();
    else losses.foreign(call.extension);
    if (built === undefined) brokenCall ??= call.name;
    return built === undefined || built === null ? '' : part(built);
  }

  function extension(event: Extract<StreamEvent, { type: 'extension' }>): string {
    const { dialect, name, value } = event;
    const replayed = replayedPart(dialect, value.value);
    if (replayed !== undefined) return part(replayed);
    if (dialect !== ID || !addUnworded(unworded, value)) losses.lost(name);
    return '';
  }

  function finish(value: Finish): string {
    if (brokenCall !== undefined && value.unified !== 'max_tokens') {
      const problem = `the provider sent arguments of a call of ${brokenCall} that are not a JSON object; ask again`;
      return whole(buildError(new GatewayError('upstream_malformed', problem)));
    }
    if (brokenCall !== undefined) losses.lost(CUT_CALL);
    losses.finish(value, ['other']);
    losses.usage(usage, UNSAID_COUNTS);
    const candidate = {
      content: { parts: [{ text: '' }], role: 'model' },
      finishReason: buildFinish(value),
      index: 0,
      ...candidateFields(unworded, grounding.metadata()),
    };
    // A prompt that was blocked has feedback instead of a candidate.
    const isBlocked = unworded.response.promptFeedback !== undefined && value.unified === 'refusal';
    const candidates = isBlocked ? {} : { candidates: [candidate] };
    return whole({
      ...candidates,
      ...unworded.response,
      usageMetadata: buildUsage(usage),
      ...who,
    });
  }

  return {
    encode(event) {
      if (event.type === 'start') start(event.id, event.model);
      else if (event.type !== 'error') start(null, null);
      return encodeBody(event);
    },
    // White space is all that may stand between the elements of an array.
    ping: () => (inArray ? '\r\n' : ': ping\r\n\r\n'),
  };
}
