// `clean_cache`: removes prompt-cache breakpoints for servers that refuse them, and prevents the gateway from adding some for Claude.
import { z } from 'zod';
import type { Part, ToolResultContent } from '../model/content.ts';
import { isObject, type JsonValue } from '../model/json/json.ts';
import type { NeutralRequest, Tool } from '../model/request.ts';
import { defineTransformer } from './row.ts';

/** The field's name on the wire, on parts, tools and the whole request. */
const FIELD = 'cache_control';
/** GitHub Copilot's name for it. */
const COPILOTS = 'copilot_cache_control';

export const cleanCache = defineTransformer({
  name: 'clean_cache',
  summary:
    'Removes `cache_control` from system, messages and tools, and `prompt_cache_key`; adds no breakpoints at Claude, nor a key elsewhere.',
  options: z.strictObject({}),
  create: () => ({
    /** In Chat Completions a message may have the field too, beside a content that may be a string and is passed on as it is. */
    fields({ messages }) {
      const turns = Array.isArray(messages) ? messages : [];
      return turns.some(isMarked) ? { messages: turns.map(withoutMark) } : {};
    },
    request(request, context) {
      let dropped = false;
      const note = () => {
        dropped = true;
      };
      const {
        cacheKey,
        session: _,
        ...changed
      }: NeutralRequest = {
        ...withoutBreakpoint(request, note),
        keepsBreakpoints: true,
        system: request.system.map((part) => withoutBreakpoint(part, note)),
        messages: request.messages.map((message) => ({
          ...message,
          parts: message.parts.map((part) => cleanPart(part, note)),
        })),
        tools: request.tools.map(
          (tool): Tool => (tool.type === 'function' ? withoutBreakpoint(tool, note) : tool),
        ),
      };
      const lose = (feature: string) =>
        context.lose({ feature, outcome: 'lost', how: 'dropped by clean_cache' });
      if (dropped) lose(FIELD);
      if (cacheKey !== undefined) lose('prompt_cache_key');
      return changed;
    },
  }),
});

function isMarked(turn: JsonValue): boolean {
  return isObject(turn) && (turn[FIELD] !== undefined || turn[COPILOTS] !== undefined);
}

function withoutMark(turn: JsonValue): JsonValue {
  if (!isObject(turn) || !isMarked(turn)) return turn;
  const { [FIELD]: _, [COPILOTS]: __, ...rest } = turn;
  return rest;
}

function cleanPart(part: Part, note: () => void): Part {
  if (part.type === 'opaque') return part;
  if (part.type !== 'tool-result') return withoutBreakpoint(part, note);
  const content = part.content.map(
    (inner): ToolResultContent => (inner.type === 'opaque' ? inner : withoutBreakpoint(inner, note)),
  );
  return { ...withoutBreakpoint(part, note), content };
}

function withoutBreakpoint<T extends { cacheControl?: object }>(part: T, note: () => void): T {
  if (part.cacheControl === undefined) return part;
  note();
  const { ...copy } = part;
  delete copy.cacheControl;
  return copy;
}
