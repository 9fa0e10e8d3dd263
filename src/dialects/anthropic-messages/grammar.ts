// Checks that a stream follows this dialect's order. https://docs.anthropic.com/en/docs/build-with-claude/streaming
import { asNumber, asObject, asString, type JsonObject, parseObject } from '../../model/json/json.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../model/usage.ts';
import { table } from '../../model/table.ts';
import type { SseEvent } from '../../sse/event.ts';
import type { GrammarChecker } from '../dialect.ts';
import { parseUsage } from './usage.ts';
import { isServerToolResult, SERVER_TOOL_BLOCKS } from './wire.ts';

/** The deltas that a block type may have; types not listed may have any. */
const DELTAS: Record<string, readonly string[]> = table({
  text: ['text_delta', 'citations_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  redacted_thinking: [],
  tool_use: ['input_json_delta'],
});

const MESSAGE_FIELDS = ['id', 'type', 'role', 'model', 'content', 'stop_reason', 'stop_sequence', 'usage'];
const USAGE_FIELDS = [
  'input_tokens',
  'output_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
];

export function createGrammarChecker(): GrammarChecker {
  const violations: string[] = [];
  let phase: 'before' | 'open' | 'delta' | 'ended' = 'before';
  let nextIndex = 0;
  let block: { type: string; json: string } | undefined;
  let brokenInput: string | undefined;
  let finish: string | null = null;
  let usage: Usage = NO_USAGE;
  const stated = new Set<string>();
  let failed = false;

  const violate = (what: string): void => {
    violations.push(what);
  };

  function takeUsage(wire: JsonObject | undefined): void {
    if (wire === undefined) return;
    const counts = parseUsage(wire);
    for (const key of Object.keys(counts)) stated.add(key);
    usage = mergeUsage(usage, counts);
  }

  function check({ event, data }: SseEvent): void {
    const wire = parseObject(data);
    if (wire === undefined) {
      violate(
        data.trim() === '[DONE]'
          ? '[DONE] is not part of this dialect'
          : `event "${event}" holds no JSON object`,
      );
      return;
    }
    const type = asString(wire.type) ?? '';
    if (type !== event) violate(`event "${event}" holds data of type "${type}"`);
    if (type === 'ping') return;
    if (phase === 'ended') violate(`"${type}" after the end`);
    else if (type === 'error') error(asObject(wire.error));
    else {
      if (phase === 'before' && type !== 'message_start') violate(`"${type}" before message_start`);
      step(type, wire);
    }
  }

  function step(type: string, wire: JsonObject): void {
    if (type === 'message_start') messageStart(asObject(wire.message));
    else if (type === 'content_block_start') blockStart(wire);
    else if (type === 'content_block_delta') blockDelta(wire);
    else if (type === 'content_block_stop') blockStop(wire);
    else if (type === 'message_delta') messageDelta(wire);
    else if (type === 'message_stop') messageStop();
  }

  function error(wire: JsonObject | undefined): void {
    if (asString(wire?.type) === undefined || asString(wire?.message) === undefined) {
      violate('an error without type and message');
    }
    failed = true;
    phase = 'ended';
  }

  function messageStart(message: JsonObject | undefined): void {
    if (phase !== 'before') violate('a second message_start');
    phase = 'open';
    const counts = asObject(message?.usage);
    for (const name of MESSAGE_FIELDS) {
      if (message?.[name] === undefined) violate(`message_start lacks ${name}`);
    }
    for (const name of USAGE_FIELDS) {
      if (asNumber(counts?.[name]) === undefined) violate(`message_start lacks usage.${name}`);
    }
    takeUsage(counts);
  }

  function blockStart(wire: JsonObject): void {
    if (phase === 'delta') violate('a block after message_delta');
    if (block !== undefined) violate(`block ${String(wire.index)} starts while another is open`);
    if (wire.index !== nextIndex) violate(`block ${String(wire.index)} where ${nextIndex} comes next`);
    nextIndex = (asNumber(wire.index) ?? nextIndex) + 1;
    const type = asString(asObject(wire.content_block)?.type);
    if (type === undefined) violate('a content block without a type');
    block = { type: type ?? '', json: '' };
  }

  function blockDelta(wire: JsonObject): void {
    if (block === undefined || wire.index !== nextIndex - 1) {
      violate(`a delta for block ${String(wire.index)}, which is not open`);
      return;
    }
    const delta = asObject(wire.delta);
    const type = asString(delta?.type) ?? '';
    const allowed = allowedDeltas(block.type);
    if (allowed !== undefined && !allowed.includes(type))
      violate(`a ${type} in a block of type ${block.type}`);
    if (type === 'input_json_delta') block.json += asString(delta?.partial_json) ?? '';
  }

  function blockStop(wire: JsonObject): void {
    if (block === undefined || wire.index !== nextIndex - 1) {
      violate(`a stop for block ${String(wire.index)}, which is not open`);
      return;
    }
    checkInput(block);
    block = undefined;
  }

  function checkInput({ type, json }: { type: string; json: string }): void {
    if (json !== '' && parseObject(json) === undefined)
      brokenInput = `the input of a ${type} is not a JSON object`;
  }

  function messageDelta(wire: JsonObject): void {
    phase = 'delta';
    finish = asString(asObject(wire.delta)?.stop_reason) ?? finish;
    if (block !== undefined) {
      // The provider itself leaves a block open that max_tokens cut short (recorded).
      if (finish !== 'max_tokens') violate('message_delta while a block is open');
      block = undefined;
    }
    takeUsage(asObject(wire.usage));
  }

  function messageStop(): void {
    if (phase !== 'delta') violate('message_stop without message_delta');
    if (finish === null) violate('message_stop without a stop_reason');
    if (brokenInput !== undefined && finish !== 'max_tokens') violate(brokenInput);
    phase = 'ended';
  }

  return {
    check,
    end() {
      if (phase !== 'ended') violate('the stream ends without message_stop or error');
      return violations;
    },
    summary() {
      const counts = Object.entries(usage).filter(([key]) => stated.has(key));
      return { finish: failed ? null : finish, usage: Object.fromEntries(counts) };
    },
  };
}

function allowedDeltas(type: string): readonly string[] | undefined {
  if (SERVER_TOOL_BLOCKS.has(type)) return DELTAS.tool_use;
  return isServerToolResult(type) ? [] : DELTAS[type];
}
