// Writes the events of a message as those of ConverseStream. Blocks without a place in Converse are left out, and the others are numbered
// without them. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html
import { asNumber, asObject, asString, type JsonObject, parseObject } from '../../../model/json/json.ts';
import { exactText } from '../../../model/json/exact-numbers.ts';
import { NO_USAGE, type Usage } from '../../../model/usage.ts';
import type { AnswerFacts } from '../../envelope.ts';
import { citationOf, countsIn, redactedOf, stopOf, tierOf, usageOf } from './converse-words.ts';

/** An event's name and its fields. */
type ConverseEvent = readonly [name: string, fields: JsonObject];

export class ConverseWriter {
  private readonly facts: () => AnswerFacts;
  /** Anthropic's number of each open block → Converse's. */
  private readonly numbers = new Map<number, number>();
  private next = 0;
  /** The number of a block that Amazon's own events left open. */
  private left: number | undefined;
  /** The newest of Amazon's own events about a block, not parsed yet. */
  private passed: { name: string; data: string } | undefined;
  private stopped: JsonObject = {};
  private usage: Usage = NO_USAGE;
  private tier: JsonObject = {};

  constructor(facts: () => AnswerFacts) {
    this.facts = facts;
  }

  /** Follows an event of Amazon's own that the client got unchanged: what is written later may continue it. */
  follow(name: string, data: string): void {
    if (name.startsWith('contentBlock')) this.passed = { name, data };
  }

  write(type: string | undefined, event: JsonObject): ConverseEvent[] {
    this.continuePassed();
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
        const number = this.numberOf(index);
        this.numbers.delete(index);
        this.left = undefined;
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

  /** Parses the newest event that passed, only when needed: most streams end as they began. */
  private continuePassed(): void {
    const { passed } = this;
    if (passed === undefined) return;
    this.passed = undefined;
    const number = asNumber(parseObject(passed.data)?.contentBlockIndex) ?? 0;
    this.next = number + 1;
    if (passed.name !== 'contentBlockStop') this.left = number;
  }

  private numberOf(index: number): number | undefined {
    return this.numbers.get(index) ?? this.left;
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
      // Some servers send a whole call at once.
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
    const contentBlockIndex = this.numberOf(index);
    const written = deltaOf(delta);
    if (contentBlockIndex === undefined || written === undefined) return [];
    return [['contentBlockDelta', { contentBlockIndex, delta: written }]];
  }

  private end(): ConverseEvent[] {
    const { latencyMs, lost } = this.facts();
    return [
      ['messageStop', stopOf(this.stopped, this.usage, lost)],
      ['metadata', { usage: usageOf(this.usage), metrics: { latencyMs }, ...this.tier }],
    ];
  }
}

const KNOWN_BLOCKS: ReadonlySet<string> = new Set(['text', 'thinking', 'redacted_thinking', 'tool_use']);

/** Undefined if it adds nothing. */
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
