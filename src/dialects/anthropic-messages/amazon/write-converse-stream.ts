// The events of a message as those of ConverseStream. Blocks that Converse has no place for are left out, and the others
// numbered without them.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html
import { asNumber, asObject, asString, type JsonObject } from '../../../model/json/json.ts';
import { exactText } from '../../../model/json/exact-numbers.ts';
import { NO_USAGE, type Usage } from '../../../model/usage.ts';
import type { AnswerFacts } from '../../envelope.ts';
import { citationOf, countsIn, redactedOf, stopOf, tierOf, usageOf } from './converse-words.ts';

/** An event's name and its fields. */
export type ConverseEvent = readonly [name: string, fields: JsonObject];

export class ConverseWriter {
  private readonly facts: () => AnswerFacts;
  /** By Anthropic's number of an open block. */
  private readonly numbers = new Map<number, number>();
  private next = 0;
  private stopped: JsonObject = {};
  private usage: Usage = NO_USAGE;
  private tier: JsonObject = {};

  constructor(facts: () => AnswerFacts) {
    this.facts = facts;
  }

  write(type: string | undefined, event: JsonObject): ConverseEvent[] {
    const index = asNumber(event.index) ?? 0;
    switch (type) {
      case 'message_start':
        this.usage = countsIn(this.usage, asObject(event.message)?.usage);
        return [['messageStart', { role: 'assistant' }]];
      case 'content_block_start':
        return this.start(index, asObject(event.content_block) ?? {});
      case 'content_block_delta':
        return this.delta(index, asObject(event.delta) ?? {});
      case 'content_block_stop': {
        const number = this.numbers.get(index);
        this.numbers.delete(index);
        return number === undefined ? [] : [['contentBlockStop', { contentBlockIndex: number }]];
      }
      case 'message_delta':
        this.stopped = { ...this.stopped, ...asObject(event.delta) };
        this.usage = countsIn(this.usage, event.usage);
        this.tier = tierOf(event.usage);
        return [];
      case 'message_stop':
        return this.end();
      default:
        return [];
    }
  }

  private start(index: number, block: JsonObject): ConverseEvent[] {
    const type = asString(block.type);
    if (type === undefined || !KNOWN_BLOCKS.has(type)) {
      this.facts().lost(type ?? 'content');
      return [];
    }
    const contentBlockIndex = this.next++;
    this.numbers.set(index, contentBlockIndex);
    if (type === 'tool_use') {
      const toolUse = { toolUseId: block.id ?? '', name: block.name ?? '' };
      const started: ConverseEvent = ['contentBlockStart', { contentBlockIndex, start: { toolUse } }];
      // Some servers send a call at once.
      const input = asObject(block.input) ?? {};
      if (Object.keys(input).length === 0) return [started];
      const delta = { toolUse: { input: exactText(input) } };
      return [started, ['contentBlockDelta', { contentBlockIndex, delta }]];
    }
    const begun =
      type === 'redacted_thinking'
        ? { reasoningContent: { redactedContent: redactedOf(asString(block.data) ?? '') } }
        : deltaOf({ ...block, type: type === 'text' ? 'text_delta' : 'thinking_delta' });
    return begun === undefined ? [] : [['contentBlockDelta', { contentBlockIndex, delta: begun }]];
  }

  private delta(index: number, delta: JsonObject): ConverseEvent[] {
    const contentBlockIndex = this.numbers.get(index);
    const written = deltaOf(delta);
    if (contentBlockIndex === undefined || written === undefined) return [];
    return [['contentBlockDelta', { contentBlockIndex, delta: written }]];
  }

  private end(): ConverseEvent[] {
    const { latencyMs, lost } = this.facts();
    return [
      ['messageStop', stopOf(this.stopped, lost)],
      ['metadata', { usage: usageOf(this.usage), metrics: { latencyMs }, ...this.tier }],
    ];
  }
}

const KNOWN_BLOCKS: ReadonlySet<string> = new Set(['text', 'thinking', 'redacted_thinking', 'tool_use']);

/** Undefined where it adds nothing. */
function deltaOf(delta: JsonObject): JsonObject | undefined {
  switch (delta.type) {
    case 'text_delta':
      return delta.text === '' ? undefined : { text: delta.text ?? '' };
    case 'thinking_delta':
      return delta.thinking === '' ? undefined : { reasoningContent: { text: delta.thinking ?? '' } };
    case 'signature_delta':
      return delta.signature === '' ? undefined : { reasoningContent: { signature: delta.signature ?? '' } };
    case 'input_json_delta':
      return delta.partial_json === '' ? undefined : { toolUse: { input: delta.partial_json ?? '' } };
    case 'citations_delta':
      return { citation: citationOf(asObject(delta.citation) ?? {}) };
    default:
      return undefined;
  }
}
