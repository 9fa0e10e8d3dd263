// What each provider's API refuses in a history, told from its documentation and from the errors that its users report: nothing of
// it is our own code's idea.
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import { array, type Json, object } from './wire-facts.ts';

type Rules = (body: Json) => string[];

/** By wire: the rules that a body breaks, in words. */
export const PROVIDER_RULES: Partial<Record<ProviderDialectId, Rules>> = {
  'anthropic-messages': anthropicRules,
  'openai-chat': chatRules,
  'openai-responses': responsesRules,
  gemini: geminiRules,
  'bedrock-converse': converseRules,
};

/** Calls that wait for their results, and ids that were given. */
class Pairs {
  readonly broken: string[] = [];
  private readonly given = new Set<string>();
  private waiting = new Set<string>();

  call(id: unknown): void {
    if (this.given.has(String(id))) this.broken.push(`the id of a call comes again: ${id}`);
    this.given.add(String(id));
    this.waiting.add(String(id));
  }

  result(id: unknown): void {
    if (!this.waiting.delete(String(id))) this.broken.push(`a result of no call before it: ${id}`);
  }

  /** A turn behind which no result of an earlier call may come. */
  close(): void {
    for (const id of this.waiting) this.broken.push(`a call without its result: ${id}`);
    this.waiting = new Set();
  }
}

const isBlank = (text: unknown) => typeof text === 'string' && text.trim() === '';

function blocksOf(content: unknown): (Json | undefined)[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : array(content).map(object);
}

function anthropicRules(body: Json): string[] {
  const pairs = new Pairs();
  const messages = array(body.messages).map(object);
  if (messages.length === 0) pairs.broken.push('no message');
  for (const [at, message] of messages.entries()) {
    const blocks = blocksOf(message?.content);
    if (blocks.length === 0) pairs.broken.push(`messages.${at} is empty`);
    if (message?.role === 'assistant') pairs.close();
    let saysMore = false;
    for (const block of blocks) {
      if (block?.type === 'tool_use') pairs.call(block.id);
      else if (block?.type === 'tool_result') {
        if (saysMore) pairs.broken.push('a result must come first in its turn');
        pairs.result(block.tool_use_id);
      } else saysMore = true;
      if (block?.text === '') pairs.broken.push('text content blocks must be non-empty');
    }
    const texts = blocks.filter((block) => block?.type === 'text');
    if (texts.length === blocks.length && texts.every((block) => isBlank(block?.text)))
      pairs.broken.push('text must contain non-whitespace');
    if (message?.role === 'user') pairs.close();
  }
  const last = messages.at(-1);
  const end = blocksOf(last?.content).at(-1);
  if (last?.role === 'assistant' && /\s$/.test(String(end?.text ?? '')))
    pairs.broken.push('the last turn may not end in white space');
  if (last?.role === 'assistant' && object(body.thinking)?.type === 'enabled')
    pairs.broken.push('a turn of the model that ends the conversation must begin with thinking');
  pairs.close();
  return pairs.broken;
}

function chatRules(body: Json): string[] {
  const pairs = new Pairs();
  for (const message of array(body.messages).map(object)) {
    if (message?.role === 'tool') {
      pairs.result(message.tool_call_id);
      continue;
    }
    pairs.close();
    const calls = array(message?.tool_calls).map(object);
    for (const call of calls) pairs.call(call?.id);
    if (calls.length === 0 && typeof message?.content !== 'string' && array(message?.content).length === 0)
      pairs.broken.push('a message without content');
  }
  pairs.close();
  return pairs.broken;
}

function responsesRules(body: Json): string[] {
  const pairs = new Pairs();
  const items = array(body.input).map(object);
  for (const item of items) {
    if (item?.type === 'function_call') pairs.call(item.call_id);
    else if (item?.type === 'function_call_output') pairs.result(item.call_id);
    else if (Array.isArray(item?.content) && item.content.length === 0) pairs.broken.push('empty content');
  }
  pairs.close();
  return pairs.broken;
}

function geminiRules(body: Json): string[] {
  const broken: string[] = [];
  const contents = array(body.contents).map(object);
  const namesOf = (content: Json | undefined, kind: string) =>
    array(content?.parts).flatMap((part) => object(object(part)?.[kind])?.name ?? []);
  for (const [at, content] of contents.entries()) {
    const parts = array(content?.parts).map(object);
    if (parts.length === 0) broken.push('contents.parts must not be empty');
    if (parts.some((part) => part?.text === '' && part.thoughtSignature === undefined))
      broken.push('an empty text');
    const calls = namesOf(content, 'functionCall');
    const results = namesOf(content, 'functionResponse');
    if (calls.length > 0) {
      if (contents[at - 1]?.role !== 'user') broken.push('a call must come behind a turn of the user');
      if (parts.find((part) => part?.functionCall)?.thoughtSignature === undefined)
        broken.push('a call is not signed');
      const answers = namesOf(contents[at + 1], 'functionResponse');
      if (calls.toSorted().join() !== answers.toSorted().join())
        broken.push('as many results as calls must stand behind them');
    }
    if (results.length > 0 && results.length < parts.length) broken.push('results stand with something else');
    if (results.length > 0 && namesOf(contents[at - 1], 'functionCall').length === 0)
      broken.push('results without calls before them');
  }
  if (contents.length === 0) broken.push('no contents');
  return broken;
}

function converseRules(body: Json): string[] {
  const pairs = new Pairs();
  const messages = array(body.messages).map(object);
  if (messages[0]?.role !== 'user') pairs.broken.push('a conversation must start with a user message');
  let hasCalls = false;
  for (const [at, message] of messages.entries()) {
    if (message?.role === messages[at - 1]?.role) pairs.broken.push('roles must alternate');
    const blocks = array(message?.content).map(object);
    if (blocks.length === 0) pairs.broken.push(`the content at messages.${at} is empty`);
    if (message?.role === 'assistant') pairs.close();
    for (const block of blocks) {
      const call = object(block?.toolUse);
      const result = object(block?.toolResult);
      if (call !== undefined) pairs.call(call.toolUseId);
      if (result !== undefined) pairs.result(result.toolUseId);
      if (result !== undefined && array(result.content).length === 0) pairs.broken.push('an empty result');
      if (isBlank(block?.text)) pairs.broken.push('a blank text');
      hasCalls ||= call !== undefined;
    }
    if (blocks.some((block) => block?.document) && !blocks.some((block) => block?.text))
      pairs.broken.push('a text block must be included when using documents');
    if (message?.role === 'user') pairs.close();
  }
  if (hasCalls && array(object(body.toolConfig)?.tools).length === 0)
    pairs.broken.push('toolConfig must be defined');
  pairs.close();
  return pairs.broken;
}
