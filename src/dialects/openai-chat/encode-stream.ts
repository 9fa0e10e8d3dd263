// Neutral events → chat completion chunks.
// https://platform.openai.com/docs/api-reference/chat/streaming
//
// A signed or redacted block of reasoning is told once more, whole, as an entry that clients send back next turn:
// the plain text alone cannot be checked by the provider that signed it. Of a field that they do not know, some
// SDKs keep the last chunk's value alone: where there are several entries, the last chunk has all of them again.
import type { Citation, ReasoningPart } from '../../model/content.ts';
import type { StreamEvent } from '../../model/events.ts';
import { asNumber, type JsonObject, parseObject } from '../../model/json.ts';
import { createKeptText, type KeptText } from '../../model/kept-text.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../model/usage.ts';
import { createAnswerLosses, mediaTypeOf } from '../answer-losses.ts';
import type { AnswerContext, StreamEncoder } from '../dialect.ts';
import { buildError } from '../openai-errors.ts';
import { buildAnnotation } from './annotations.ts';
import { completionId } from './build-response.ts';
import { buildFinishReason } from './finish.ts';
import { buildDataUrl, ownImage } from './media.ts';
import { buildReasoningDetail } from './reasoning.ts';
import { buildThoughtSignature, clientCallId } from './tool-call.ts';
import { buildUsage, UNSAID_COUNTS } from './usage.ts';

const ID = 'openai-chat';

interface OpenTool {
  index: number;
  kind: 'function' | 'custom';
  hasArguments: boolean;
  /** Everything of a fragment's chunk but the fragment: only that is made anew each time. */
  prefix: string;
}

export function createStreamEncoder(context: AnswerContext): StreamEncoder {
  let started = false;
  let head = '';
  /** Of the chunks that the client has already. */
  let created: number | undefined;
  let contentPrefix = '';
  let reasoningPrefix = '';
  let refusalPrefix = '';
  const toolSuffix = '}}]},"logprobs":null,"finish_reason":null}]';
  // OpenAI sends `usage: null` in every chunk of a stream that will end with the counts.
  const tail = `${context.includeUsage ? ',"usage":null' : ''}}\n\n`;
  const deltaSuffix = `},"logprobs":null,"finish_reason":null}]${tail}`;
  const toolDeltaSuffix = `${toolSuffix}${tail}`;

  const tools = new Map<number, OpenTool>();
  const losses = createAnswerLosses(ID, context);
  let toolCount = 0;
  let usage: Usage | undefined;
  let reasoning: { part: ReasoningPart; text: KeptText } | undefined;
  /** The entries told, with the length of the content before each. */
  const entries: { part: ReasoningPart; at: number }[] = [];
  /** Annotations count from the start of the content, over all text blocks. */
  let contentLength = 0;
  let textBase = 0;
  let citations: Citation[] = [];

  function begin(id: string | null, model: string | null): string {
    if (started) return '';
    started = true;
    const envelope = {
      id: id ?? completionId(context),
      object: 'chat.completion.chunk',
      created: created ?? context.created,
      model: model ?? context.model,
    };
    head = `data: ${JSON.stringify(envelope).slice(0, -1)},"choices":[`;
    const delta = `${head}{"index":0,"delta":{`;
    contentPrefix = `${delta}"content":`;
    reasoningPrefix = `${delta}"reasoning_content":`;
    refusalPrefix = `${delta}"refusal":`;
    return chunk({ role: 'assistant', content: '' });
  }

  function chunk(delta: JsonObject, finishReason: string | null = null): string {
    const choice = { index: 0, delta, logprobs: null, finish_reason: finishReason };
    return `${head}${JSON.stringify(choice)}]${tail}`;
  }

  function encodeBody(event: StreamEvent): string {
    switch (event.type) {
      case 'start':
        return '';
      case 'text-start':
        textBase = contentLength;
        citations = [];
        return '';
      case 'text-delta':
        if (event.text === '') return '';
        contentLength += event.text.length;
        return contentPrefix + JSON.stringify(event.text) + deltaSuffix;
      case 'citation':
        citations.push(event.citation);
        return '';
      case 'text-end':
        return endText();
      case 'refusal-delta':
        return event.text === '' ? '' : refusalPrefix + JSON.stringify(event.text) + deltaSuffix;
      case 'reasoning-start':
        reasoning = { part: { type: 'reasoning', text: '' }, text: createKeptText() };
        if (event.redacted !== undefined) reasoning.part.redacted = event.redacted;
        return '';
      case 'reasoning-delta':
        if (event.text === '') return '';
        reasoning?.text.add(event.text);
        return reasoningPrefix + JSON.stringify(event.text) + deltaSuffix;
      case 'reasoning-signature':
        if (reasoning !== undefined) reasoning.part.signature = event.signature;
        return '';
      case 'reasoning-end':
        return endReasoning();
      case 'tool-start':
        return startTool(event);
      case 'tool-delta':
        return toolDelta(event.block, event.arguments);
      case 'tool-end': {
        const tool = tools.get(event.block);
        // Clients parse the arguments of a function: '' is not JSON.
        const isEmpty = tool?.kind === 'function' && !tool.hasArguments;
        return isEmpty ? toolDelta(event.block, '{}') : '';
      }
      case 'media':
        return encodeMedia(event);
      case 'usage':
        usage = mergeUsage(usage ?? NO_USAGE, event.usage);
        return '';
      case 'extension':
        return encodeExtension(event);
      case 'finish':
        losses.finish(event.finish);
        if (usage !== undefined) losses.usage(usage, UNSAID_COUNTS);
        return `${allEntries()}${chunk({}, buildFinishReason(event.finish))}${usageChunk()}data: [DONE]\n\n`;
      case 'error':
        return `data: ${JSON.stringify(buildError(event.error))}\n\n`;
      case 'server-tool-result':
        // Results of provider-run tools have no form here.
        losses.serverResult(event.part);
        return '';
      case 'refusal-start':
      case 'refusal-end':
        return '';
    }
  }

  function endText(): string {
    const annotations: JsonObject[] = [];
    for (const citation of citations) {
      const annotation = buildAnnotation(citation, textBase, contentLength - textBase);
      if (annotation !== undefined) annotations.push(annotation);
      else losses.lost('citations');
    }
    citations = [];
    return annotations.length === 0 ? '' : chunk({ annotations });
  }

  function endReasoning(): string {
    if (reasoning === undefined) return '';
    const { part, text } = reasoning;
    reasoning = undefined;
    if (part.signature === undefined && part.redacted === undefined) return '';
    part.text = text.text();
    const index = entries.push({ part, at: contentLength }) - 1;
    const entry = buildReasoningDetail({ part, afterText: contentLength > 0 }, index);
    return chunk({ reasoning_details: [entry] });
  }

  function allEntries(): string {
    const placed = entries.map(({ part, at }) => ({ part, afterText: at > 0 && at === contentLength }));
    const isTold = placed.length === 0 || (placed.length === 1 && placed[0]?.afterText === contentLength > 0);
    return isTold ? '' : chunk({ reasoning_details: placed.map(buildReasoningDetail) });
  }

  function startTool(event: Extract<StreamEvent, { type: 'tool-start' }>): string {
    const { name, kind, signature } = event;
    // Provider-run calls are done: a client would try to answer them.
    if (kind === 'server') {
      losses.serverCall(event, false);
      return '';
    }
    losses.foreign(event.extension);
    const index = toolCount++;
    const [field, input] = kind === 'custom' ? ['custom', 'input'] : ['function', 'arguments'];
    tools.set(event.block, {
      index,
      kind,
      hasArguments: false,
      prefix: `${head}{"index":0,"delta":{"tool_calls":[{"index":${index},"${field}":{"${input}":`,
    });
    const id = clientCallId(event.id, signature);
    const call = { index, id, type: kind, [field]: { name, [input]: '' } };
    return chunk({ tool_calls: [{ ...call, ...buildThoughtSignature(signature) }] });
  }

  function toolDelta(block: number, fragment: string): string {
    const tool = tools.get(block);
    if (tool === undefined || fragment === '') return '';
    tool.hasArguments = true;
    return tool.prefix + JSON.stringify(fragment) + toolDeltaSuffix;
  }

  function encodeMedia(event: Extract<StreamEvent, { type: 'media' }>): string {
    const { mediaType, data, extension } = event;
    const type = mediaTypeOf(event);
    losses.foreignMedia(type, extension);
    if (type === 'audio') {
      const own = extension?.dialect === ID ? extension.fields : {};
      return chunk({ audio: { ...own, data } });
    }
    const url = buildDataUrl(mediaType, data);
    return chunk({ images: [{ type: 'image_url', image_url: { url }, index: 0 }] });
  }

  function encodeExtension(event: Extract<StreamEvent, { type: 'extension' }>): string {
    const image = ownImage(event.dialect, event.name, event.value.value ?? null);
    if (image !== undefined) return chunk({ images: [{ ...image, index: 0 }] });
    if (event.dialect !== ID || event.name !== 'logprobs') {
      losses.lost(event.name);
      return '';
    }
    const choice = { index: 0, delta: {}, logprobs: event.value, finish_reason: null };
    return `${head}${JSON.stringify(choice)}]${tail}`;
  }

  function usageChunk(): string {
    if (!context.includeUsage || usage === undefined) return '';
    return `${head}],"usage":${JSON.stringify(buildUsage(usage))}}\n\n`;
  }

  return {
    encode(event) {
      if (started) return encodeBody(event);
      if (event.type === 'error') return encodeBody(event);
      const first = event.type === 'start' ? begin(event.id, event.model) : begin(null, null);
      return first + encodeBody(event);
    },
    ping: () => ': ping\n\n',
    follow({ data }) {
      created ??= asNumber(parseObject(data)?.created);
    },
  };
}
