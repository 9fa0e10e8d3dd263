// Neutral events → lines of JSON. https://docs.ollama.com/api/streaming
//
// Calls are sent whole: clients take the arguments of each as an object.
import type { ToolCallPart } from '../../model/content.ts';
import { sizeOf, type StreamEvent } from '../../model/events.ts';
import { type Finish, mayBeCutShort } from '../../model/finish.ts';
import { flatText } from '../../model/flat-text.ts';
import type { JsonObject } from '../../model/json/json.ts';
import { createKeptText, type KeptText } from '../../model/kept-text.ts';
import type { TokenLogprob } from '../../model/logprobs.ts';
import type { ThoughtBeforeCall } from '../../model/opaque-token.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../model/usage.ts';
import { buildLogprobs } from '../openai/logprobs.ts';
import { TextJoiner } from '../shared/joined-texts.ts';
import { AnswerLosses, mediaTypeOf } from '../shared/losses/answer-losses.ts';
import type { AnswerContext, StreamEncoder } from '../dialect.ts';
import { brokenArguments, CUT_CALL } from '../shared/tools/call-arguments.ts';
import { buildCall, buildEnding, lineHead, reportThoughts } from './answer-line.ts';
import { buildError } from './errors.ts';
import { ID } from './wire.ts';

export function createStreamEncoder(context: AnswerContext): StreamEncoder {
  return new LineEncoder(context);
}

const TEXT_END = '},"done":false}\n';

class LineEncoder implements StreamEncoder {
  private readonly context: AnswerContext;
  private readonly losses: AnswerLosses;
  private head: JsonObject | null = null;
  /** The beginning of a line up to its text, and up to its thinking. */
  private textStart = '';
  private thoughtStart = '';
  private hasText = false;
  private readonly joiner = new TextJoiner();
  /** The thoughts since the last call. */
  private thoughts: ThoughtBeforeCall[] = [];
  private open: { head: Omit<ToolCallPart, 'arguments'>; given: KeptText } | undefined = undefined;
  private calls = 0;
  private usage: Usage = NO_USAGE;
  /** A call whose arguments cannot be read, which is tolerated if the answer may have been cut off in it. */
  private brokenCall: string | undefined = undefined;

  constructor(context: AnswerContext) {
    this.context = context;
    this.losses = new AnswerLosses(ID, context);
  }

  encode(event: StreamEvent): string {
    if (event.type === 'error') return line(buildError(event.error));
    if (this.head === null) this.begin(event.type === 'start' ? event.model : null);
    switch (event.type) {
      case 'text-delta':
      case 'refusal-delta':
        if (event.logprobs !== undefined) return this.spelled(event.text, event.logprobs);
        if (event.text === '') return '';
        this.hasText = true;
        return this.textStart + JSON.stringify(this.joiner.join(event.text)) + TEXT_END;
      case 'reasoning-delta': {
        if (event.text === '') return '';
        const thought = this.thoughts.at(-1);
        if (thought !== undefined) thought.length += event.text.length;
        return this.thoughtStart + JSON.stringify(event.text) + TEXT_END;
      }
      case 'reasoning-start':
        this.context.kept?.(sizeOf(event));
        this.thoughts.push({
          length: 0,
          token: event.redacted ?? null,
          isRedacted: event.redacted !== undefined,
          isAfterText: this.hasText,
        });
        return '';
      case 'reasoning-signature': {
        this.context.kept?.(sizeOf(event));
        const thought = this.thoughts.at(-1);
        if (thought !== undefined) thought.token = event.signature;
        return '';
      }
      case 'tool-start': {
        this.context.kept?.(sizeOf(event));
        const { type: _, block: __, ...head } = event;
        this.open = { head: { type: 'tool-call', ...head }, given: createKeptText() };
        return '';
      }
      case 'tool-delta':
        this.context.kept?.(sizeOf(event));
        this.open?.given.add(event.arguments);
        return '';
      case 'tool-end':
        return this.endCall();
      case 'citation':
        this.losses.lost('citations');
        return '';
      case 'refusal-start':
        this.losses.refusal();
        this.joiner.setApart();
        return '';
      case 'media':
        this.losses.lost(mediaTypeOf(event));
        return '';
      case 'server-tool-result':
        this.losses.serverResult(event.part);
        return '';
      case 'extension':
        this.losses.lost(event.name);
        return '';
      case 'usage':
        this.usage = mergeUsage(this.usage, event.usage);
        return '';
      case 'finish':
        return this.finish(event.finish);
      case 'text-start':
        this.joiner.begin(event);
        return '';
      case 'start':
      case 'text-end':
      case 'refusal-end':
        return '';
      case 'reasoning-end': {
        const thought = this.thoughts.at(-1);
        if (thought !== undefined) this.joiner.endThoughts(event.block, thought);
        return '';
      }
    }
  }

  // An empty line would not be JSON; white space before the next line is part of it.
  ping(): string {
    return ' ';
  }

  private begin(model: string | null): void {
    this.head = lineHead(model ?? this.context.model, this.context);
    const start = `${JSON.stringify(this.head).slice(0, -1)},"message":{"role":"assistant","content":`;
    this.textStart = flatText(start, '');
    this.thoughtStart = flatText(start, '"","thinking":');
  }

  /** Text with the log probabilities of its tokens. */
  private spelled(content: string, tokens: readonly TokenLogprob[]): string {
    if (content !== '') this.hasText = true;
    return line({
      ...this.head,
      message: { role: 'assistant', content },
      done: false,
      logprobs: buildLogprobs(tokens, []),
    });
  }

  private endCall(): string {
    const { open } = this;
    this.open = undefined;
    if (open === undefined) return '';
    const call: ToolCallPart = { ...open.head, arguments: open.given.text() };
    this.losses.call(call, false);
    if (call.kind === 'server') return '';
    const built = buildCall(call, this.calls, this.thoughts);
    if (built === undefined) {
      this.brokenCall ??= call.name;
      return '';
    }
    this.calls++;
    this.thoughts = [];
    return line({
      ...this.head,
      message: { role: 'assistant', content: '', tool_calls: [built] },
      done: false,
    });
  }

  private finish(finish: Finish): string {
    if (this.brokenCall !== undefined) {
      if (!mayBeCutShort(finish)) return line(buildError(brokenArguments(this.brokenCall)));
      this.losses.lost(CUT_CALL);
    }
    reportThoughts(this.thoughts, this.losses);
    return line({
      ...this.head,
      message: { role: 'assistant', content: '' },
      ...buildEnding(finish, this.usage, this.losses, this.context),
    });
  }
}

function line(value: JsonObject): string {
  return `${JSON.stringify(value)}\n`;
}
