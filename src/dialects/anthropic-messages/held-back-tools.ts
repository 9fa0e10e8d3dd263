// Tools that a client holds back until the model has searched for them (`defer_loading`; Claude Code adds those that were found to its
// declared tools, in alphabetical order). Claude reads them where they were found. Other models read one list before the conversation, so
// found tools go to its end, in the order in which they were found: what precedes them remains in the prompt cache.
// https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool
import { asObject, asString } from '../../model/json/json.ts';
import type { Message, Tool } from '../../model/request.ts';
import { ownFields, TOOL_REFERENCE } from './wire.ts';

export function heldBackLast(tools: Tool[], messages: readonly Message[]): Tool[] {
  const heldBack = tools.filter(isHeldBack);
  if (heldBack.length === 0) return tools;
  const found = [...new Set(foundNames(messages))];
  const places = new Map(found.map((name, at) => [name, at]));
  const place = ({ name }: Tool) => places.get(name) ?? found.length;
  // If a client declares all of them from the start, finding one adds none, and their order stays.
  const isAdded = heldBack.every(({ name }) => places.has(name));
  const others = tools.filter((tool) => !isHeldBack(tool));
  return [...others, ...(isAdded ? heldBack.sort((a, b) => place(a) - place(b)) : heldBack)];
}

function isHeldBack(tool: Tool): boolean {
  return tool.type === 'function' && ownFields(tool.extension).defer_loading === true;
}

function foundNames(messages: readonly Message[]): string[] {
  return messages.flatMap(({ parts }) =>
    parts.flatMap((part) => {
      if (part.type !== 'tool-result') return [];
      return part.content.flatMap((each) => {
        const reference = each.type === 'text' ? ownFields(each.extension)[TOOL_REFERENCE] : undefined;
        return asString(asObject(reference)?.tool_name) ?? [];
      });
    }),
  );
}
