// Neutral events → the event stream that clients of this dialect read.
// https://platform.openai.com/docs/api-reference/responses-streaming
import type { ImagePart } from '../../model/content.ts';
import type { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import type { Finish } from '../../model/finish.ts';
import { asNumber, asObject, asString, type JsonObject, parseObject } from '../../model/json.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../model/usage.ts';
import { createAnswerLosses, mediaTypeOf } from '../answer-losses.ts';
import type { AnswerContext, StreamEncoder } from '../dialect.ts';
import { errorType } from '../openai-errors.ts';
import { createCallWriter } from './encode-call.ts';
import { createMessageWriter, type PartEnd } from './encode-message.ts';
import { createOutputWriter } from './encode-output.ts';
import { createReasoningWriter } from './encode-reasoning.ts';
import { streamErrorCode, withWait } from './errors.ts';
import { buildFinish } from './finish.ts';
import { indexTools } from './namespace.ts';
import { imageItem, itemId } from './output-item.ts';
import { type ResponseHead, responseHead, responseObject, usageFields } from './response-object.ts';
import { UNSAID_COUNTS } from './usage.ts';
import { ID } from './wire.ts';

const PART_ENDS: Readonly<Record<string, PartEnd>> = {
  'response.output_text.done': 'text',
  'response.content_part.done': 'part',
};

export function createStreamEncoder(context: AnswerContext): StreamEncoder {
  const { requestId } = context;
  const output = createOutputWriter();
  const losses = createAnswerLosses(ID, context);
  const message = createMessageWriter(output, requestId, losses);
  const reasoning = createReasoningWriter(output, requestId);
  const endMessage = () => message.close('completed');
  const calls = createCallWriter(output, requestId, indexTools(context.tools), losses, endMessage);
  let head: ResponseHead | undefined;
  let usage: Usage = NO_USAGE;
  let hasUsage = false;
  /** The response as the client was told that it began, where another encoder or the provider did. */
  let begun: JsonObject = {};
  let partEnd: PartEnd | undefined;

  function begin(id: string | null, model: string | null): string {
    if (head !== undefined) return '';
    head = responseHead(id, model, context);
    const response = responseObject(head, context, 'in_progress');
    return (
      output.event('response.created', { response }) + output.event('response.in_progress', { response })
    );
  }

  function encodeBody(event: StreamEvent): string {
    switch (event.type) {
      case 'text-delta':
      case 'refusal-delta':
        return message.delta(event.text);
      case 'reasoning-delta':
        return reasoning.delta(event.text);
      case 'tool-delta':
        return calls.delta(event.arguments);
      case 'start':
        return '';
      case 'text-start':
        return message.open('text');
      case 'refusal-start':
        return message.open('refusal');
      case 'citation':
        message.cite(event.citation);
        return '';
      case 'text-end':
      case 'refusal-end':
        return message.closePart();
      case 'reasoning-start':
        reasoning.open(event.redacted);
        return endMessage();
      case 'reasoning-signature':
        reasoning.sign(event.signature);
        return '';
      case 'reasoning-end':
        return reasoning.close();
      case 'tool-start':
        return calls.open(event);
      case 'tool-end':
        return calls.close();
      case 'media':
        return media(event);
      case 'usage':
        usage = mergeUsage(usage, event.usage);
        hasUsage = true;
        return '';
      case 'extension':
        return replay(event);
      case 'finish':
        return finish(event.finish);
      case 'error':
        return fail(event.error);
      // Results of other dialects' hosted tools have no item.
      case 'server-tool-result':
        losses.serverResult(event.part);
        return '';
    }
  }

  /** An item that this dialect's decoder had no neutral word for. */
  function replay({ dialect, name, value }: Extract<StreamEvent, { type: 'extension' }>): string {
    const item = dialect === ID ? asObject(value.value) : undefined;
    if (item !== undefined) return endMessage() + wholeItem(item);
    losses.lost(name);
    return '';
  }

  function media(event: Extract<StreamEvent, { type: 'media' }>): string {
    const { mediaType, data, extension } = event;
    const type = mediaTypeOf(event);
    const part: ImagePart = { type: 'image', source: { kind: 'base64', mediaType, data } };
    if (extension !== undefined) part.extension = extension;
    const item = type === 'image' ? imageItem(part, itemId('ig', requestId, output.nextPlace())) : undefined;
    if (item === undefined) {
      losses.lost(type);
      return '';
    }
    losses.foreignMedia(type, extension);
    return endMessage() + wholeItem(item);
  }

  function wholeItem(item: JsonObject): string {
    const place = output.place();
    return output.added(place, item) + output.done(place, item);
  }

  /** The last event: the whole response, its output as it was told. */
  function terminal(status: string, fields: JsonObject): string {
    const type = `response.${status}`;
    const own = responseObject(head ?? responseHead(null, null, context), context, status);
    const { output: _, ...rest }: JsonObject = { ...own, ...begun, status };
    const counts = hasUsage ? usageFields(usage) : {};
    const response = JSON.stringify({ ...rest, ...counts, ...fields }).slice(0, -1);
    return output.raw(type, `{"type":"${type}","response":${response},"output":[${output.items()}]}`);
  }

  function finish(how: Finish): string {
    const { status, details } = buildFinish(how);
    losses.finish(how);
    losses.usage(usage, UNSAID_COUNTS);
    return message.close(status) + terminal(status, { incomplete_details: details });
  }

  /** Once the response has begun it fails; before that there is nothing that could. */
  function fail(error: GatewayError): string {
    const text = withWait(error);
    if (head !== undefined)
      return terminal('failed', { error: { code: streamErrorCode(error), message: text } });
    const code = error.reason?.code ?? error.code;
    const param = error.reason?.param ?? null;
    // The documented form is flat, OpenAI's servers nest it: clients look for either.
    const nested = { type: errorType(error), code, message: text, param };
    return output.event('error', { code, message: text, param, error: nested });
  }

  /** Ids and places that the client knows are kept to. */
  function follow(event: JsonObject): void {
    const number = asNumber(event.sequence_number);
    if (number !== undefined) output.numberAfter(number);
    if (asNumber(event.content_index) !== undefined) partEnd = PART_ENDS[asString(event.type) ?? ''];
    // What was told before the encoder was brought to where the client is, it takes note of then.
    if (head !== undefined && partEnd !== undefined) message.told(partEnd);
    const response = asObject(event.response);
    if (response !== undefined) begun = response;
    const item = asObject(event.item);
    const place = asNumber(event.output_index);
    if (item === undefined || place === undefined) return;
    output.placeAfter(place);
    const isDone = event.type === 'response.output_item.done';
    if (isDone) output.keep(place, item);
    if (item.type === 'message') message.adopt(place, asString(item.id) ?? '', isDone);
  }

  return {
    encode(event) {
      if (head !== undefined || event.type === 'error') return encodeBody(event);
      const first = event.type === 'start' ? begin(event.id, event.model) : begin(null, null);
      return first + encodeBody(event);
    },
    ping: () => ': ping\n\n',
    follow: ({ data }) => follow(parseObject(data) ?? {}),
  };
}
