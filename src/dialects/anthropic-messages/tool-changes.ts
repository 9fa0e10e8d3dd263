// Tools that the conversation itself adds or removes: blocks `tool_addition` and `tool_removal` of system messages, which keep the prompt
// cache of earlier turns valid. Providers of other dialects, and models that accept no system messages between turns, get the tools as they
// are at the end; others of this dialect get the blocks unchanged.
// https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
import type { Part } from '../../model/content.ts';
import {
  asArray,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import type { NeutralRequest, Tool } from '../../model/request.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { parseTool } from './parse-tools.ts';
import { ID, ownFields, TOOL_REFERENCE } from './wire.ts';

/** The field of the request's extension that keeps what `takeToolChanges` took out. */
const TOOL_CHANGES = 'tool_changes';
/** The extension's field for breakpoints on these blocks, which are lost if the blocks are. */
const BREAKPOINTS = 'messages.content.cache_control';

/** Adds a tool that the block defines, or shows or hides a known one by name. */
type Change = { add: Tool } | { show: string } | { hide: string };

/**
 * Moves these blocks out of the messages: into the tools, and into the list of those that may be called. The request's extension keeps
 * them, so that nothing is reported as lost elsewhere.
 */
export function takeToolChanges(request: NeutralRequest): void {
  const blocks: JsonObject[] = [];
  const tools = new Map(request.tools.map((tool) => [tool.name, tool]));
  const hidden = new Set<string>();
  const messages = request.messages.map((message, at) => {
    if (message.role !== 'system') return message;
    const parts = message.parts.filter((part, before) => {
      const change = readChange(part);
      if (change === undefined) return true;
      blocks.push({ message: at, before, block: change.block });
      apply(change.change, tools, hidden);
      return false;
    });
    return parts.length === message.parts.length ? message : { ...message, parts };
  });
  if (blocks.length === 0) return;
  const kept: JsonObject = { blocks, declared: request.tools.length };
  request.messages = messages;
  request.tools = [...tools.values()];
  const { toolChoice: choice } = request;
  const offered = request.tools.map(({ name }) => name).filter((name) => !hidden.has(name));
  const isFree = choice === undefined || choice.type === 'auto' || choice.type === 'required';
  if (isFree && offered.length < request.tools.length) {
    kept.choice = choice?.type ?? null;
    if (offered.length > 0) request.allowedTools = offered;
    request.toolChoice = offered.length === 0 ? { type: 'none' } : (choice ?? { type: 'auto' });
  }
  const { fields = {}, defaults = [] } = request.extension ?? {};
  const marked = blocks.filter(({ block }) => asObject(asObject(block)?.cache_control) !== undefined);
  request.extension = {
    dialect: ID,
    fields: { ...fields, [TOOL_CHANGES]: kept, ...(marked.length > 0 && { [BREAKPOINTS]: marked.length }) },
    defaults: [...defaults, TOOL_CHANGES],
  };
}

/** The request without what `takeToolChanges` kept, for models that accept no system messages. */
export function withoutToolChanges(request: NeutralRequest, losses: LossReport): NeutralRequest {
  const { extension } = request;
  if (extension?.dialect !== ID || extension.fields[TOOL_CHANGES] === undefined) return request;
  const { [TOOL_CHANGES]: _, [BREAKPOINTS]: marked, ...fields } = extension.fields;
  if (marked !== undefined) losses.lost(BREAKPOINTS);
  return { ...request, extension: { ...extension, fields } };
}

/** Reverses `takeToolChanges` for a provider of this dialect; the same request if nothing was removed. */
export function putBackToolChanges(request: NeutralRequest): NeutralRequest {
  const { [TOOL_CHANGES]: taken, [BREAKPOINTS]: _, ...fields } = ownFields(request.extension);
  const kept = asObject(taken);
  if (kept === undefined) return request;
  const messages = [...request.messages];
  for (const entry of asArray(kept.blocks) ?? []) {
    const { message, before, block } = asObject(entry) ?? {};
    const at = asNumber(message) ?? -1;
    const target = messages[at];
    if (target?.role !== 'system') continue;
    const part: Part = { type: 'opaque', dialect: ID, name: typeOf(block), value: block ?? null };
    messages[at] = {
      ...target,
      parts: target.parts.toSpliced(asNumber(before) ?? 0, 0, part),
    };
  }
  const restored: NeutralRequest = {
    ...request,
    messages,
    tools: request.tools.slice(0, asNumber(kept.declared)),
    extension: { dialect: ID, fields },
  };
  if (kept.choice === undefined) return restored;
  delete restored.allowedTools;
  delete restored.toolChoice;
  if (kept.choice === 'auto' || kept.choice === 'required') restored.toolChoice = { type: kept.choice };
  return restored;
}

function apply(change: Change, tools: Map<string, Tool>, hidden: Set<string>): void {
  if ('hide' in change) {
    hidden.add(change.hide);
    return;
  }
  hidden.delete('show' in change ? change.show : change.add.name);
  if ('add' in change) tools.set(change.add.name, change.add);
}

/**
 * Undefined if the part changes no tool that other dialects know. Tools of MCP servers are among those, since other dialects then do not
 * get the server (mcp.ts).
 */
function readChange(part: Part): { change: Change; block: JsonObject } | undefined {
  if (part.type !== 'opaque' || part.dialect !== ID) return undefined;
  const block = asObject(part.value);
  const tool = asObject(block?.tool);
  if (block === undefined || tool === undefined) return undefined;
  const name = tool.type === TOOL_REFERENCE ? asString(tool.name) : undefined;
  if (part.name === 'tool_removal') return name === undefined ? undefined : { change: { hide: name }, block };
  if (part.name !== 'tool_addition') return undefined;
  if (name !== undefined) return { change: { show: name }, block };
  const definition = asObject(tool.definition);
  if (tool.type !== 'tool_definition' || asString(definition?.name) === undefined) return undefined;
  return { change: { add: parseTool(definition ?? {}, 'messages.content.tool.definition') }, block };
}

function typeOf(block: JsonValue | undefined): string {
  return asString(asObject(block)?.type) ?? '';
}
