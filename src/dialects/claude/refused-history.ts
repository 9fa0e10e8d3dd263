// What Claude refuses in the history of a Messages request if another provider left it there: unsigned thinking, sources in the form of a
// web search, what another server's tools found, call ids in a form other than its own or used twice, turns of white space only, and, with
// a thinking budget, a turn to be continued that does not begin with thinking.
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { isClaude, traitsOf } from './models.ts';
import { lacksThinking, type TurnForm } from './thinking-in-turns.ts';

/** Whether Claude would refuse the request for its history. Other vendors' models get back what they sent themselves. */
export function holdsRefused({ messages, thinking }: JsonObject, model: string): boolean {
  const turns = asArray(messages) ?? [];
  const calls = new Set<string>();
  const isThere = turns.some((message) => {
    const { role, content } = asObject(message) ?? {};
    const blocks = asArray(content) ?? [];
    return role === 'assistant' && (blocks.some((block) => isRefused(block, calls)) || saysNothing(blocks));
  });
  if (isThere) return isClaude(traitsOf(model));
  if (asObject(thinking)?.type !== 'enabled' || traitsOf(model).thinking !== 'budget') return false;
  const sent = turns.map(turnOf);
  // If the request ends with a turn for Claude to complete, that was the client's choice.
  return sent.at(-1)?.role === 'user' && lacksThinking(sent, TURN_FORM) && isClaude(traitsOf(model));
}

/** Kimi's ids, for instance, are like `functions.search:0`. */
const FOREIGN_ID = /[^a-zA-Z0-9_-]/;

/** "String should match pattern '^srvtoolu_[a-zA-Z0-9_]+$'" */
const SERVER_ID = /^srvtoolu_[a-zA-Z0-9_]+$/;

/** Whether another server ran the call: Claude could not read its results, since such results are encrypted. */
export function isForeignServerCall(id: JsonValue | undefined): boolean {
  return typeof id === 'string' && !SERVER_ID.test(id);
}

/** @param calls the ids of the calls before this block, to which its own is added. */
function isRefused(block: JsonValue, calls: Set<string>): boolean {
  const { type, signature, id, citations } = asObject(block) ?? {};
  switch (type) {
    case 'thinking':
      return signature === '';
    case 'tool_use':
      if (typeof id !== 'string') return false;
      if (FOREIGN_ID.test(id) || calls.has(id)) return true;
      calls.add(id);
      return false;
    case 'server_tool_use':
      return isForeignServerCall(id);
    case 'text':
      return (asArray(citations) ?? []).some((citation) => asObject(citation)?.encrypted_index === '');
    default:
      return false;
  }
}

/**
 * Whether a text is empty, or white space is all that is said, as by Qwen before a call. Claude accepts blank text before a thought and
 * refuses the thought without it: opencode sends a space for each empty text that Claude wrote there.
 * https://github.com/home-assistant/core/issues/175637, https://github.com/LibreChat-AI/agents/pull/124,
 * https://github.com/anomalyco/opencode/issues/16748
 */
function saysNothing(blocks: readonly JsonValue[]): boolean {
  let isBlank = false;
  let saysMore = false;
  for (const block of blocks) {
    const { type, text } = asObject(block) ?? {};
    if (type === 'thinking' || type === 'redacted_thinking') isBlank = false;
    if (type !== 'text' || typeof text !== 'string') continue;
    if (text === '') return true;
    if (text.trim() === '') isBlank = true;
    else saysMore = true;
  }
  return isBlank && !saysMore;
}

interface SentTurn {
  role: string;
  content: JsonValue | undefined;
}

function turnOf(message: JsonValue): SentTurn {
  const { role, content } = asObject(message) ?? {};
  return { role: asString(role) ?? '', content };
}

const TURN_FORM: TurnForm<SentTurn> = {
  blocksOf: ({ content }) => (asArray(content) ?? []).map(asObject).filter((block) => block !== undefined),
  isThinking: ({ type }) => type === 'thinking' || type === 'redacted_thinking',
  isResult: ({ type }) => type === 'tool_result',
};
