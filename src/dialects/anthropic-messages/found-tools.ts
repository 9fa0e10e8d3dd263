// Tools that a client of another dialect found by its own search (Codex's `tool_search`). Claude reads each where it was found, so that the
// tools before the conversation stay the same, and with them its prompt cache, and the thinking of models that accept it back only after
// the same tools. For other models they are ordinary tools.
// https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool#custom-tool-search-implementation
import type { Part, ToolResultPart } from '../../model/content.ts';
import type { JsonObject } from '../../model/json/json.ts';
import type { NeutralRequest, Tool } from '../../model/request.ts';
import { TOOL_REFERENCE } from './wire.ts';

/**
 * The names of the tools that are held back. Not all may be: "At least one tool must have defer_loading=false"; and each that is referred
 * to must be declared.
 */
export function heldBackNames({ tools, messages, toolChoice }: NeutralRequest): ReadonlySet<string> {
  const found = new Set(messages.flatMap(({ parts }) => parts.flatMap(foundIn)));
  if (found.size === 0) return found;
  const names = new Set(
    tools.filter((tool) => isFound(tool) && found.has(tool.name)).map(({ name }) => name),
  );
  const isOtherThere = tools.some((tool) => tool.type !== 'server' && !names.has(tool.name));
  const isForced = toolChoice?.type === 'tool' && names.has(toolChoice.name);
  return isOtherThere && !isForced ? names : new Set();
}

/** The content of a result that found some of these tools; empty for other results. */
export function references(part: ToolResultPart, heldBack: ReadonlySet<string>): JsonObject[] {
  const names = foundIn(part).filter((name) => heldBack.has(name));
  return names.map((name) => ({ type: TOOL_REFERENCE, tool_name: name }));
}

function foundIn(part: Part): readonly string[] {
  return part.type === 'tool-result' && part.isError !== true ? (part.foundTools ?? []) : [];
}

function isFound(tool: Tool): boolean {
  return tool.type === 'function' && tool.isFound === true;
}

/** Holds back the tools with these names. A breakpoint, which such a tool may not have, moves to the last that is not held back. */
export function holdBack(tools: readonly JsonObject[], names: ReadonlySet<string>): JsonObject[] {
  if (names.size === 0) return [...tools];
  const isHeldBack = ({ name }: JsonObject) => typeof name === 'string' && names.has(name);
  const mark = tools.findLast((tool) => isHeldBack(tool) && tool.cache_control !== undefined)?.cache_control;
  const last = tools.findLastIndex((tool) => !isHeldBack(tool));
  return tools.map((tool, at) => {
    if (isHeldBack(tool)) {
      const { cache_control: _, ...rest } = tool;
      return { ...rest, defer_loading: true };
    }
    return at === last && mark !== undefined ? { cache_control: mark, ...tool } : tool;
  });
}
