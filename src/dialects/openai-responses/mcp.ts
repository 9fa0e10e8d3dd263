// MCP servers whose tools the provider calls, and the items of these calls. https://developers.openai.com/api/docs/guides/tools-remote-mcp
import type { ServerToolOutput, ServerToolResultPart, ToolCallPart } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { McpObstacle, McpServer, Tool } from '../../model/request.ts';
import { put, withoutFields } from '../shared/own-fields.ts';
import { ID } from './wire.ts';

export const MCP = 'mcp';
export const MCP_CALL = 'mcp_call';

/** What providers of other dialects can get of the tool. */
export function parseMcpServer(tool: JsonObject): McpServer | McpObstacle {
  const url = asString(tool.server_url);
  if (url === undefined) return { obstacle: 'a connector or a tunnel of one provider only' };
  const { authorization: header, ...headers } = headersOf(tool.headers);
  const bearer = header === undefined ? undefined : /^bearer +(\S+)$/i.exec(header)?.[1];
  if (Object.keys(headers).length > 0 || (header !== undefined && bearer === undefined))
    return { obstacle: 'other providers send the server no headers but a bearer token' };
  const listed = toolNames(tool.allowed_tools);
  if (listed === 'unknown') return { obstacle: 'other providers allow tools by their names only' };
  const freely = calledFreely(tool.require_approval);
  if (freely?.length === 0)
    return {
      obstacle:
        'its calls wait for the approval of the client, which other providers cannot ask for; say `require_approval: "never"` if they need none',
    };
  const token = asString(tool.authorization) ?? bearer;
  const allowedTools = freely && listed ? listed.filter((name) => freely.includes(name)) : (freely ?? listed);
  return {
    name: asString(tool.server_label) ?? '',
    url,
    ...(token !== undefined && { token }),
    ...(allowedTools !== undefined && { allowedTools }),
    ...(freely !== undefined && { asksForOthers: true }),
    others: Object.keys(withoutFields(withoutDefaults(tool), SAID)),
  };
}

/** The tool with what remains of its server if only some tools may be called. @param allowed the allowed tools of servers. */
export function onlyAllowed(tool: Tool, allowed: readonly JsonObject[]): Tool {
  if (tool.type !== 'server' || tool.mcp === undefined || 'obstacle' in tool.mcp) return tool;
  const { mcp } = tool;
  const own = allowed.filter(({ server_label: label }) => label === mcp.name);
  if (own.length === 0) return { ...tool, mcp: { obstacle: 'none of its tools is among the allowed ones' } };
  const names = own.map(({ name }) => name).filter((name) => typeof name === 'string');
  if (names.length < own.length) return tool;
  const { allowedTools = names } = mcp;
  return { ...tool, mcp: { ...mcp, allowedTools: allowedTools.filter((name) => names.includes(name)) } };
}

const SAID = [
  ...['type', 'server_label', 'server_url', 'authorization', 'headers', 'allowed_tools', 'require_approval'],
];

function withoutDefaults(tool: JsonObject): JsonObject {
  const { defer_loading: deferred, allowed_callers: callers, ...rest } = tool;
  const isDirect = asArray(callers)?.every((caller) => caller === 'direct') === true;
  return {
    ...rest,
    ...(deferred === true && { defer_loading: true }),
    ...(!isDirect && { allowed_callers: callers }),
  };
}

/** Keyed by lower-case name. */
function headersOf(headers: JsonValue | undefined): Record<string, string> {
  const entries = Object.entries(asObject(headers) ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), asString(value) ?? '']));
}

/** The names in a list or a filter; `unknown` if a filter asks for more than names. */
function toolNames(filter: JsonValue | undefined): string[] | 'unknown' | undefined {
  if (filter === undefined || filter === null) return undefined;
  const { tool_names: names, ...rest } = asObject(filter) ?? { tool_names: filter };
  const list = asArray(names)?.filter((name) => typeof name === 'string');
  return list === undefined || Object.keys(withoutFields(rest, [])).length > 0 ? 'unknown' : list;
}

/** The tools whose calls need no approval; undefined: all. OpenAI's default is that each call needs it. */
function calledFreely(approval: JsonValue | undefined): string[] | undefined {
  if (approval === 'never') return undefined;
  const { never, always } = asObject(approval) ?? {};
  const free = toolNames(never);
  const asked = toolNames(always) ?? [];
  if (free === undefined || free === 'unknown' || asked === 'unknown') return [];
  return free.filter((name) => !asked.includes(name));
}

export function buildMcpServer({ name, url, token, allowedTools }: McpServer): JsonObject {
  const tool: JsonObject = { type: MCP, server_label: name, server_url: url };
  put(tool, 'authorization', token);
  put(tool, 'allowed_tools', allowedTools);
  // Otherwise OpenAI waits for the approval of each call, which only its own clients can give.
  tool.require_approval = 'never';
  return tool;
}

/** Fields of the item that the call and its result have in neutral form, or that mean nothing to others. */
const OF_CALL = [
  ...['type', 'id', 'name', 'server_label', 'arguments', 'output', 'error', 'status', 'approval_request_id'],
];

/** A call and what it returned. A call that was not answered can only be expressed by this dialect. */
export function parseMcpCall(item: JsonObject): [ToolCallPart] | [ToolCallPart, ServerToolResultPart] {
  const id = asString(item.id) ?? '';
  const call: ToolCallPart = {
    type: 'tool-call',
    id,
    name: asString(item.name) ?? MCP,
    arguments: asString(item.arguments) ?? '',
    kind: 'server',
    extension: { dialect: ID, fields: item, defaults: OF_CALL },
  };
  const output = outputOf(item);
  if (output === undefined) return [call];
  const result = { type: 'server-tool-result', callId: id, dialect: ID, value: item, output } as const;
  return [{ ...call, mcpServer: asString(item.server_label) ?? '' }, result];
}

function outputOf({ output, error }: JsonObject): ServerToolOutput | undefined {
  if (error !== undefined && error !== null) return { text: errorText(error), isError: true };
  return typeof output === 'string' ? { text: output } : undefined;
}

/** The content of an error that the tool reported; the message of any other error. */
function errorText(error: JsonValue): string {
  if (typeof error === 'string') return error;
  const { content, message } = asObject(error) ?? {};
  const texts = (asArray(content) ?? []).flatMap((part) => asString(asObject(part)?.text) ?? []);
  if (texts.length > 0) return texts.join('\n');
  return asString(content) ?? asString(message) ?? JSON.stringify(error);
}

/** The item of a call by another dialect's provider. */
export function mcpCallItem(call: ToolCallPart, { text, isError }: ServerToolOutput): JsonObject {
  const failed = isError === true;
  return {
    id: call.id.startsWith(MCP) ? call.id : `${MCP}_${call.id}`,
    type: MCP_CALL,
    status: failed ? 'failed' : 'completed',
    server_label: call.mcpServer ?? '',
    name: call.name,
    arguments: call.arguments.trim() === '' ? '{}' : call.arguments,
    output: failed ? null : text,
    error: failed ? { type: 'mcp_tool_execution_error', content: [{ type: 'text', text }] } : null,
  };
}
