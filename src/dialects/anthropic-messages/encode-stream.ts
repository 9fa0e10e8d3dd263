// Neutral events as the event stream that clients of this dialect read.
//
// message_start waits for the first event after `start` that is not `usage`, because clients read input tokens
// from it. Every message_delta repeats all counts, for providers that know them only at the end.
//
// Thinking without a signature ends with an empty signature_delta: SDKs keep the thinking of a turn for the
// next one only when they saw a signature, and providers that want their reasoning back get it that way. An
// empty signature never reaches a provider that checks it, see buildReasoning.
//
// A signature behind the last text (Gemini's) would be thinking at the end: no message of this dialect ends with it,
// its provider refuses one that does, and clients that show the last block would show nothing. So thinking that is a
// signature alone waits for the block behind it; where none comes, it is a named loss.
import type { Citation } from '../../model/content.ts';
import type { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import type { Finish } from '../../model/finish.ts';
import { asObject, asString, type JsonObject } from '../../model/json.ts';
import { callIdToWire, tokenToWire } from '../../model/opaque-token.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../model/usage.ts';
import { createAnswerLosses, mediaTypeOf } from '../answer-losses.ts';
import type { AnswerContext, StreamEncoder } from '../dialect.ts';
import { LAST_SIGNATURE, messageId } from './build-response.ts';
import { buildCitation } from './citations.ts';
import { buildError } from './errors.ts';
import { buildStopReason, knownEndings } from './finish.ts';
import { FREE_TEXT } from './tool-input.ts';
import { buildUsage, UNSAID_COUNTS } from './usage.ts';
import { ID, ownFields } from './wire.ts';

const PING = 'event: ping\ndata: {"type":"ping"}\n\n';
const END = '}}\n\n';

type Open = 'text' | 'thinking' | 'tool' | 'free-text-tool' | 'other';

export function createStreamEncoder(context: AnswerContext): StreamEncoder {
  let head: { id: string | null; model: string | null } | undefined;
  let headSent = false;
  let usage: Usage = NO_USAGE;
  let index = -1;
  let open: Open | undefined;
  /** Everything of a delta event up to the changing part, for the open block. */
  let deltaPrefix = '';
  let signature = '';
  /** Thinking without text behind other blocks, told with the next block. */
  let waiting: 'started' | 'ended' | undefined;
  const messageDelta: JsonObject = {};
  const stopFields: JsonObject = {};
  const losses = createAnswerLosses(ID, context);

  function encode(event: StreamEvent): string {
    switch (event.type) {
      case 'text-delta':
      case 'refusal-delta':
        return open === 'text' && event.text !== '' ? deltaPrefix + JSON.stringify(event.text) + END : '';
      case 'tool-delta':
        return toolDelta(event.arguments);
      case 'reasoning-delta':
        return reasoningDelta(event.text);
      case 'start':
        head ??= { id: event.id, model: event.model };
        return '';
      case 'usage':
        usage = mergeUsage(usage, event.usage);
        return '';
      case 'error':
        return failure(event.error);
      default:
        return messageStart() + encodeRest(event);
    }
  }

  function encodeRest(event: Exclude<StreamEvent, { type: 'start' | 'usage' | 'error' }>): string {
    switch (event.type) {
      case 'refusal-start':
        losses.refusal();
        return blockStart('text', { type: 'text', text: '' }, 'text_delta', 'text');
      case 'text-start':
        return blockStart('text', { type: 'text', text: '' }, 'text_delta', 'text');
      case 'reasoning-start':
        if (event.redacted !== undefined) {
          const data = tokenToWire(ID, event.redacted);
          return blockStart('other', { type: 'redacted_thinking', data });
        }
        return reasoningStart();
      case 'reasoning-signature':
        // Said when the block ends: nothing may follow it there.
        signature = tokenToWire(ID, event.signature);
        return '';
      case 'tool-start':
        return toolStart(event);
      case 'citation':
        return citation(event.citation);
      case 'server-tool-result':
        if (event.part.dialect !== ID) {
          losses.serverResult(event.part);
          return '';
        }
        return blockStart('other', event.part.value) + blockStop();
      case 'reasoning-end':
        if (waiting !== undefined) {
          waiting = 'ended';
          return '';
        }
        return blockStop();
      case 'text-end':
      case 'refusal-end':
      case 'tool-end':
        return blockStop();
      case 'extension':
        if (event.dialect === ID) return replay(event.name, event.value);
        losses.lost(event.name);
        return '';
      case 'finish':
        return blockStop() + finish(event.finish);
      case 'media':
        // Generated media has no block in this dialect.
        losses.lost(mediaTypeOf(event));
        return '';
      default:
        return '';
    }
  }

  function messageStart(): string {
    if (headSent) return '';
    headSent = true;
    const message = {
      id: head?.id ?? messageId(context),
      type: 'message',
      role: 'assistant',
      model: head?.model ?? context.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: buildUsage({ ...usage, outputTokens: 0, reasoningTokens: 0 }),
    };
    return frame('message_start', { type: 'message_start', message });
  }

  function reasoningStart(): string {
    const before = tellWaiting() + blockStop();
    signature = '';
    if (index >= 0) {
      waiting = 'started';
      return before;
    }
    return before + thinkingStart();
  }

  function reasoningDelta(text: string): string {
    if (text === '') return '';
    const before = waiting === 'started' ? thinkingStart() : '';
    return open === 'thinking' ? before + deltaPrefix + JSON.stringify(text) + END : '';
  }

  function thinkingStart(): string {
    waiting = undefined;
    const block = { type: 'thinking', thinking: '', signature: '' };
    return blockStart('thinking', block, 'thinking_delta', 'thinking');
  }

  function tellWaiting(): string {
    return waiting === undefined ? '' : thinkingStart() + blockStop();
  }

  function blockStart(kind: Open, block: JsonObject, delta = '', field = ''): string {
    const before = tellWaiting() + blockStop();
    open = kind;
    index++;
    deltaPrefix = `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":"${delta}","${field}":`;
    return (
      before + frame('content_block_start', { type: 'content_block_start', index, content_block: block })
    );
  }

  function blockStop(): string {
    if (open === undefined) return '';
    let last = '';
    if (open === 'thinking') last = delta({ type: 'signature_delta', signature });
    if (open === 'free-text-tool') last = `${deltaPrefix}${JSON.stringify('"}')}${END}`;
    open = undefined;
    return `${last}event: content_block_stop\ndata: {"type":"content_block_stop","index":${index}}\n\n`;
  }

  function delta(value: JsonObject): string {
    return frame('content_block_delta', { type: 'content_block_delta', index, delta: value });
  }

  function toolStart(event: StreamEvent & { type: 'tool-start' }): string {
    const { id, name, kind } = event;
    const fields = ownFields(event.extension);
    if (kind === 'server') {
      const isOwn = event.extension?.dialect === ID;
      losses.serverCall(event, isOwn);
      if (!isOwn) return '';
      const block = { type: 'server_tool_use', id, name, input: {}, ...fields };
      return blockStart('tool', block, 'input_json_delta', 'partial_json');
    }
    losses.foreign(event.extension);
    const block = { type: 'tool_use', id: callIdToWire(id, event.signature), name, input: {}, ...fields };
    if (kind === 'function') return blockStart('tool', block, 'input_json_delta', 'partial_json');
    losses.freeTextCall();
    const started = blockStart('free-text-tool', block, 'input_json_delta', 'partial_json');
    return `${started}${deltaPrefix}${JSON.stringify(`{"${FREE_TEXT}":"`)}${END}`;
  }

  function toolDelta(fragment: string): string {
    if (fragment === '') return '';
    if (open === 'tool') return deltaPrefix + JSON.stringify(fragment) + END;
    if (open !== 'free-text-tool') return '';
    return deltaPrefix + JSON.stringify(JSON.stringify(fragment).slice(1, -1)) + END;
  }

  function citation(value: Citation): string {
    const wire = buildCitation(value);
    if (wire === undefined) losses.lost('citations');
    return open === 'text' && wire !== undefined ? delta({ type: 'citations_delta', citation: wire }) : '';
  }

  /** Says again what the decoder of this dialect had no neutral word for. */
  function replay(name: string, value: JsonObject): string {
    const type = asString(value.type);
    if (name === 'container' || name === 'stop_details') {
      stopFields[name] = value;
      return '';
    }
    if (name === 'context_management') {
      messageDelta[name] = value;
      return '';
    }
    switch (type) {
      case 'content_block_start': {
        const before = tellWaiting() + blockStop();
        open = 'other';
        index++;
        return before + frame(type, { ...value, index });
      }
      case 'content_block_delta':
        return open === undefined ? '' : frame(type, { ...value, index });
      case 'content_block_stop':
        return open === undefined ? '' : blockStop();
      case undefined: {
        // No event of the wire: a block, or a field, of a whole answer that was asked for as a stream.
        const block = asObject(value.value);
        if (asString(block?.type) !== undefined && block !== undefined)
          return blockStart('other', block) + blockStop();
        losses.lost(name);
        return '';
      }
      default:
        return frame(name, value);
    }
  }

  function finish(value: Finish): string {
    if (waiting !== undefined && signature !== '') losses.lost(LAST_SIGNATURE);
    losses.usage(usage, UNSAID_COUNTS);
    losses.finish(value, knownEndings(value));
    const wire = {
      type: 'message_delta',
      delta: {
        stop_reason: buildStopReason(value),
        stop_sequence: value.stopSequence ?? null,
        ...stopFields,
      },
      usage: buildUsage(usage),
      ...messageDelta,
    };
    return `${frame('message_delta', wire)}event: message_stop\ndata: {"type":"message_stop"}\n\n`;
  }

  function failure(error: GatewayError): string {
    return frame('error', buildError(error, context.requestId));
  }

  return { encode, ping: () => PING };
}

function frame(event: string, data: JsonObject): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
