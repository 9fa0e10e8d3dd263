// Neutral events as the event stream that clients of this dialect read.
//
// message_start waits for the first event after `start` that is not `usage`, because clients read input tokens from it. Every message_delta
// repeats all counts, for providers that know them only at the end.
//
// Thinking without a signature ends with something in its place: clients keep a turn's thinking for the next one only if they saw a
// signature, some only if it is not empty (LiteLLM, Strands for JavaScript), others end in an error otherwise (Genkit), and providers that
// want their reasoning back get it that way. It reaches no provider that checks signatures, see buildReasoning.
//
// A signature after the last text (Gemini's, which some servers of Chat Completions call encrypted reasoning) would become thinking at the
// end. No message of this dialect ends with thinking: its provider refuses such a message, and clients that show the last block would show
// nothing. So thinking without text waits for the next block; if none comes, it is reported as a loss. Only after a call it is sent at the
// end, since the next request continues the call, and its provider refuses that without the signature.
import type { Citation, ServerToolResultPart, ToolCallPart } from '../../model/content.ts';
import type { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import type { Finish } from '../../model/finish.ts';
import { flatText } from '../../model/flat-text.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import { callIdToWire, tokenToWire, UNSEALED } from '../../model/opaque-token.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../model/usage.ts';
import { AnsweredCalls } from '../shared/answered-calls.ts';
import { AnswerLosses, mediaTypeOf } from '../shared/losses/answer-losses.ts';
import type { AnswerContext, StreamEncoder } from '../dialect.ts';
import { LAST_SIGNATURE, messageId } from './build-response.ts';
import { type CitedPages, createCitedPages } from './cited-pages.ts';
import { buildCitation, citationDetails } from './citations.ts';
import { buildError } from './errors.ts';
import { buildStopReason, knownEndings } from './finish.ts';
import { FREE_TEXT } from '../shared/tools/call-arguments.ts';
import { codeRunBlocks, reportRun, runIdForClient } from './code-runs.ts';
import { mcpCallFields, mcpResultBlock } from './mcp.ts';
import { modelName } from './model-name.ts';
import { buildUsage, COUNTS_WITHOUT_FIELD } from './usage.ts';
import { ID, ownFields } from './wire.ts';

const PING = 'event: ping\ndata: {"type":"ping"}\n\n';
const END = '}}\n\n';

/** Thinking without text. */
type Sealed = { redacted: string } | { signature: string };

const NONE: Sealed[] = [];

type Open = 'text' | 'thinking' | 'tool' | 'free-text-tool' | 'other';

export function createStreamEncoder(context: AnswerContext): StreamEncoder {
  return new MessageEncoder(context);
}

class MessageEncoder implements StreamEncoder {
  private readonly context: AnswerContext;
  private open: Open | undefined;
  /** Everything in a delta event before the part that changes, for the open block. */
  private deltaPrefix = '';
  /** Thinking has begun after other blocks, and has no text so far. */
  private isTextless = false;
  /** Thinking without text after other blocks, which is sent with the next block. */
  private waiting = NONE;
  /** Whether the last block is a call that the client answers. */
  private endsWithCall = false;
  private signature = '';
  private index = -1;
  private head: { id: string | null; model: string | null } | undefined;
  private headSent = false;
  private usage: Usage = NO_USAGE;
  private tier: string | undefined;
  /** Null if the provider sent no such field. */
  private messageDelta: JsonObject | null = null;
  private stopFields: JsonObject | null = null;
  /** Whether the model wrote a refusal. */
  private refused = false;
  private readonly losses: AnswerLosses;
  private readonly pages: CitedPages | undefined;
  /** Ids of calls to MCP servers' tools, whose results are blocks too. */
  private readonly mcpCalls = new Set<string>();
  /** Null before the first run of code by another dialect's provider. */
  private runs: AnsweredCalls | null = null;
  /** Such a run, while its arguments come. */
  private run: ToolCallPart | undefined;
  /** The arguments so far of the search that `pages` replaces. */
  private searching: string | undefined;

  constructor(context: AnswerContext) {
    this.context = context;
    this.pages = createCitedPages(context);
    this.losses = new AnswerLosses(ID, context);
  }

  encode(event: StreamEvent): string {
    switch (event.type) {
      case 'text-delta':
      case 'refusal-delta':
        if (event.logprobs !== undefined) this.losses.lost('logprobs');
        return this.open === 'text' && event.text !== ''
          ? this.deltaPrefix + JSON.stringify(event.text) + END
          : '';
      case 'tool-delta':
        return this.toolDelta(event.arguments);
      case 'reasoning-delta':
        return this.reasoningDelta(event.text);
      case 'start':
        this.head ??= { id: event.id, model: event.model };
        return '';
      case 'usage':
        this.usage = mergeUsage(this.usage, event.usage);
        this.tier = event.usage.tier ?? this.tier;
        return '';
      case 'error':
        return this.failure(event.error);
      default:
        return this.messageStart() + this.encodeRest(event);
    }
  }

  ping(): string {
    return PING;
  }

  private encodeRest(event: Exclude<StreamEvent, { type: 'start' | 'usage' | 'error' }>): string {
    switch (event.type) {
      case 'refusal-start':
        this.losses.refusal();
        this.refused = true;
        return this.blockStart('text', { type: 'text', text: '' }, 'text_delta', 'text');
      case 'text-start':
        return this.blockStart('text', { type: 'text', text: '' }, 'text_delta', 'text');
      case 'reasoning-start':
        if (event.redacted !== undefined) {
          const redacted = tokenToWire(ID, event.redacted);
          return this.index >= 0 ? this.hold({ redacted }) : this.sealedBlock({ redacted });
        }
        return this.reasoningStart();
      case 'reasoning-signature':
        // Sent at the end of the block, where nothing may follow it.
        this.signature = tokenToWire(ID, event.signature);
        return '';
      case 'tool-start':
        return this.toolStart(event);
      case 'citation':
        return this.citation(event.citation);
      case 'server-tool-result':
        if (event.part.dialect !== ID) {
          return this.foreignResult(event.part);
        }
        return this.blockStart('other', event.part.value) + this.blockStop();
      case 'reasoning-end':
        if (!this.isTextless) return this.blockStop();
        this.isTextless = false;
        return this.hold({ signature: this.signature });
      case 'text-end':
      case 'refusal-end':
        return this.blockStop();
      case 'tool-end':
        if (this.searching !== undefined) this.pages?.searched(this.searching);
        this.searching = undefined;
        if (this.run !== undefined) this.runs?.add(this.run);
        this.run = undefined;
        return this.blockStop();
      case 'extension':
        if (event.dialect === ID) return this.replay(event.name, event.value);
        this.losses.lost(event.name);
        return '';
      case 'finish':
        return this.blockStop() + this.searchBlocks() + this.finish(event.finish);
      case 'media':
        // Generated media has no block in this dialect.
        this.losses.lost(mediaTypeOf(event));
        return '';
      default:
        return '';
    }
  }

  private messageStart(): string {
    if (this.headSent) return '';
    this.headSent = true;
    const message = {
      id: this.head?.id ?? messageId(this.context),
      type: 'message',
      role: 'assistant',
      model: modelName(this.head?.model, this.context),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: buildUsage({ ...this.usage, outputTokens: 0, reasoningTokens: 0 }, this.tier),
    };
    return frame('message_start', { type: 'message_start', message });
  }

  private reasoningStart(): string {
    const before = this.blockStop();
    this.signature = '';
    this.isTextless = this.index >= 0;
    return this.isTextless ? before : before + this.thinkingStart();
  }

  private reasoningDelta(text: string): string {
    if (text === '') return '';
    const before = this.isTextless ? this.flushWaiting() + this.thinkingStart() : '';
    this.isTextless = false;
    return this.open === 'thinking' ? before + this.deltaPrefix + JSON.stringify(text) + END : '';
  }

  private thinkingStart(): string {
    const block = { type: 'thinking', thinking: '', signature: '' };
    return this.blockStart('thinking', block, 'thinking_delta', 'thinking');
  }

  private hold(sealed: Sealed): string {
    const before = this.blockStop();
    this.waiting = [...this.waiting, sealed];
    this.context.kept?.(tokenOf(sealed).length);
    return before;
  }

  private flushWaiting(): string {
    const { waiting } = this;
    if (waiting.length === 0) return '';
    this.waiting = NONE;
    const blocks = waiting.map((sealed) => this.sealedBlock(sealed)).join('');
    this.signature = '';
    return blocks;
  }

  private sealedBlock(sealed: Sealed): string {
    if ('redacted' in sealed) {
      const block = { type: 'redacted_thinking', data: sealed.redacted };
      return this.blockStart('other', block) + this.blockStop();
    }
    this.signature = sealed.signature;
    return this.thinkingStart() + this.blockStop();
  }

  private blockStart(kind: Open, block: JsonObject, delta = '', field = ''): string {
    const before = this.flushWaiting() + this.blockStop();
    this.open = kind;
    this.endsWithCall = block.type === 'tool_use';
    const index = ++this.index;
    this.deltaPrefix = flatText(
      'event: content_block_delta\ndata: {"type":"content_block_delta",',
      `"index":${index},"delta":{"type":"${delta}","${field}":`,
    );
    return (
      before + frame('content_block_start', { type: 'content_block_start', index, content_block: block })
    );
  }

  private blockStop(): string {
    if (this.open === undefined) return '';
    let last = '';
    if (this.open === 'thinking') {
      const signature = this.signature === '' ? UNSEALED : this.signature;
      last = this.delta({ type: 'signature_delta', signature });
    }
    if (this.open === 'free-text-tool') last = `${this.deltaPrefix}${JSON.stringify('"}')}${END}`;
    this.open = undefined;
    return `${last}event: content_block_stop\ndata: {"type":"content_block_stop","index":${this.index}}\n\n`;
  }

  private delta(value: JsonObject): string {
    return frame('content_block_delta', { type: 'content_block_delta', index: this.index, delta: value });
  }

  private toolStart(event: StreamEvent & { type: 'tool-start' }): string {
    const { id, name, kind } = event;
    const fields = ownFields(event.extension);
    if (kind === 'server') {
      const isOwn = event.extension?.dialect === ID;
      if (this.pages?.takes(event) === true) {
        this.searching = '';
        return '';
      }
      if (!isOwn && event.runsCode === true) {
        this.runs ??= new AnsweredCalls();
        this.run = callOf(event);
        return '';
      }
      const isMcp = !isOwn && event.mcpServer !== undefined;
      if (isMcp) this.mcpCalls.add(id);
      this.losses.call(event, isOwn || isMcp);
      if (!isOwn && !isMcp) return '';
      const own = isMcp ? mcpCallFields(event) : fields;
      const block = { type: 'server_tool_use', id, name, input: {}, ...own };
      return this.blockStart('tool', block, 'input_json_delta', 'partial_json');
    }
    this.losses.call(event, true);
    const block = { type: 'tool_use', id: callIdToWire(id, event.signature), name, input: {}, ...fields };
    if (kind === 'function') return this.blockStart('tool', block, 'input_json_delta', 'partial_json');
    const started = this.blockStart('free-text-tool', block, 'input_json_delta', 'partial_json');
    return `${started}${this.deltaPrefix}${JSON.stringify(`{"${FREE_TEXT}":"`)}${END}`;
  }

  private toolDelta(fragment: string): string {
    if (fragment === '') return '';
    if (this.open === 'tool') return this.deltaPrefix + JSON.stringify(fragment) + END;
    if (this.run !== undefined) {
      this.run.arguments += fragment;
      this.context.kept?.(fragment.length);
    }
    if (this.searching !== undefined) {
      this.searching += fragment;
      this.context.kept?.(fragment.length);
    }
    if (this.open !== 'free-text-tool') return '';
    return this.deltaPrefix + JSON.stringify(JSON.stringify(fragment).slice(1, -1)) + END;
  }

  /** What another dialect's provider returned to a call of its own, with the call where that waited for it. */
  private foreignResult(part: ServerToolResultPart): string {
    const mcp = this.mcpCalls.has(part.callId) ? mcpResultBlock(part) : undefined;
    if (mcp !== undefined) return this.blockStart('other', mcp) + this.blockStop();
    const run = this.runs?.answered(part);
    if (run === undefined || part.output === undefined) {
      this.losses.serverResult(part);
      return '';
    }
    reportRun(run, part.output, this.losses);
    const [call, result] = codeRunBlocks(runIdForClient(run.id), run, part.output);
    return this.callAndResult(call, result);
  }

  /** A call that the provider ran, and its result, both whole. */
  private callAndResult(call: JsonObject, result: JsonObject): string {
    const begun = this.blockStart('other', { ...call, input: {} });
    const input = this.delta({ type: 'input_json_delta', partial_json: JSON.stringify(call.input) });
    return begun + input + this.blockStop() + this.blockStart('other', result) + this.blockStop();
  }

  private citation(value: Citation): string {
    const wire = buildCitation(value);
    this.pages?.cited(value);
    if (wire === undefined) this.losses.lost('citations');
    else this.losses.citation(value, citationDetails(value));
    return this.open === 'text' && wire !== undefined
      ? this.delta({ type: 'citations_delta', citation: wire })
      : '';
  }

  /** After the text, which cites the pages only while it streams. */
  private searchBlocks(): string {
    const [call, result] = this.pages?.blocks(this.losses) ?? [];
    return call === undefined || result === undefined ? '' : this.callAndResult(call, result);
  }

  /** Replays what this dialect's decoder could not put into neutral form. */
  private replay(name: string, value: JsonObject): string {
    const type = asString(value.type);
    if (name === 'container' || name === 'stop_details') {
      this.stopFields ??= {};
      this.stopFields[name] = value;
      return '';
    }
    if (name === 'context_management') {
      this.messageDelta ??= {};
      this.messageDelta[name] = value;
      return '';
    }
    switch (type) {
      case 'content_block_start': {
        const before = this.flushWaiting() + this.blockStop();
        this.open = 'other';
        this.index++;
        return before + frame(type, { ...value, index: this.index });
      }
      case 'content_block_delta':
        return this.open === undefined ? '' : frame(type, { ...value, index: this.index });
      case 'content_block_stop':
        return this.open === undefined ? '' : this.blockStop();
      case undefined: {
        // Not a wire event, but a block or field of a whole answer that was requested as a stream.
        const block = asObject(value.value);
        if (asString(block?.type) !== undefined && block !== undefined)
          return this.blockStart('other', block) + this.blockStop();
        this.losses.lost(name);
        return '';
      }
      default:
        return frame(name, value);
    }
  }

  private finish(value: Finish): string {
    const sealed = this.endsWithCall ? this.flushWaiting() : '';
    if (this.waiting.some((sealed) => tokenOf(sealed) !== '')) this.losses.lost(LAST_SIGNATURE);
    for (const { name } of this.runs?.unanswered() ?? []) this.losses.lost(`tools.${name}`);
    this.losses.usage(this.usage, COUNTS_WITHOUT_FIELD);
    this.losses.finish(value, knownEndings(value));
    const wire = {
      type: 'message_delta',
      delta: {
        stop_reason: buildStopReason(value, this.refused),
        stop_sequence: value.stopSequence ?? null,
        ...this.stopFields,
      },
      usage: buildUsage(this.usage, this.tier),
      ...this.messageDelta,
    };
    return `${sealed}${frame('message_delta', wire)}event: message_stop\ndata: {"type":"message_stop"}\n\n`;
  }

  private failure(error: GatewayError): string {
    return frame('error', buildError(error, this.context.requestId));
  }
}

function callOf({
  id,
  name,
  signature,
  extension,
}: Extract<StreamEvent, { type: 'tool-start' }>): ToolCallPart {
  return {
    ...{ type: 'tool-call', id, name, arguments: '', kind: 'server' },
    ...(signature !== undefined && { signature }),
    ...(extension !== undefined && { extension }),
  };
}

function frame(event: string, data: JsonObject): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

function tokenOf(sealed: Sealed): string {
  return 'redacted' in sealed ? sealed.redacted : sealed.signature;
}
