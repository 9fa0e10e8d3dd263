// Simulated token counts of a prompt: the simulator's own word-like tokens, not any model's.
import type { Message, NeutralRequest, Tool } from '../model/request.ts';
import type { Part } from '../model/content.ts';
import { NO_USAGE, type Usage } from '../model/usage.ts';
import { countPieces } from './pieces.ts';

// Counted for a message's envelope, and for each image, document or sound, whatever its size.
const MESSAGE_TOKENS = 3;
const MEDIA_TOKENS = 300;

/**
 * The input side of the usage. With `cacheControl` breakpoints, everything up to the last one is the cached
 * prefix: written in the first turn of a conversation, read as soon as it has an assistant turn.
 */
export function countInput(request: NeutralRequest): Usage {
  const tally = createTally();
  for (const tool of request.tools) tally.add(countTool(tool), tool.type === 'function' && tool.cacheControl);
  for (const part of request.system) tally.add(countPart(part), part.cacheControl);
  for (const message of request.messages) countMessage(message, tally);
  const { total, cached, isHour } = tally;
  const isFollowUp = request.messages.some((message) => message.role === 'assistant');
  return {
    ...NO_USAGE,
    inputTokens: total() - cached(),
    cacheReadTokens: isFollowUp ? cached() : 0,
    cacheWriteTokens: isFollowUp ? 0 : cached(),
    cacheWrite1hTokens: !isFollowUp && isHour() ? cached() : 0,
  };
}

interface Tally {
  add(tokens: number, breakpoint: { ttl?: unknown } | false | undefined): void;
  total(): number;
  /** Tokens up to and including the last breakpoint. */
  cached(): number;
  isHour(): boolean;
}

function createTally(): Tally {
  let total = 0;
  let cached = 0;
  let isHour = false;
  return {
    add(tokens, breakpoint) {
      total += tokens;
      if (breakpoint === undefined || breakpoint === false) return;
      cached = total;
      isHour = breakpoint.ttl === '1h';
    },
    total: () => total,
    cached: () => cached,
    isHour: () => isHour,
  };
}

function countMessage(message: Message, tally: Tally): void {
  tally.add(MESSAGE_TOKENS, undefined);
  for (const part of message.parts) {
    tally.add(countPart(part), part.type === 'opaque' ? undefined : part.cacheControl);
  }
}

function countTool(tool: Tool): number {
  return countPieces(
    JSON.stringify(tool.type === 'function' ? [tool.name, tool.description, tool.parameters] : tool),
  );
}

function countPart(part: Part): number {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return countPieces(part.text);
    case 'tool-call':
      return countPieces(part.name) + countPieces(part.arguments);
    case 'tool-result':
      return part.content.reduce((sum, each) => sum + countPart(each), 0);
    case 'document':
      return part.source.kind === 'text' ? countPieces(part.source.text) : MEDIA_TOKENS;
    case 'image':
    case 'audio':
      return MEDIA_TOKENS;
    case 'server-tool-result':
    case 'opaque':
      return countPieces(JSON.stringify(part.value));
  }
}
