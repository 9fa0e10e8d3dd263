// MCP servers whose tools the provider calls, each with its set of tools, and the blocks of such calls.
// https://platform.claude.com/docs/en/agents-and-tools/mcp-connector
import type { ServerToolOutput, ServerToolResultPart, ToolCallPart } from '../../model/content.ts';
import {
  asArray,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import type {
  McpObstacle,
  McpServer,
  Message,
  NeutralRequest,
  ServerTool,
  Tool,
} from '../../model/request.ts';
import { mcpInstead } from '../shared/mcp-servers.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { put, withoutFields } from '../shared/own-fields.ts';
import { toolId } from './tool-id.ts';
import { ID } from './wire.ts';

export const MCP_SERVERS = 'mcp_servers';
export const MCP_CALL = 'mcp_tool_use';
export const MCP_RESULT = 'mcp_tool_result';
/** The field of a call that names the server. */
export const SERVER_NAME = 'server_name';
const LIMITED_TWICE = 'its tools are limited both where it is declared and in their set';
const TAKEN_AWAY = 'the conversation takes tools of it away, which other providers cannot be told';
const TOOLSET = 'mcp_toolset';

/** The tools, with each set knowing its server. Undefined if a server has no set: `mcp_servers` then says more than the sets. */
export function withMcpServers(
  tools: readonly Tool[],
  servers: JsonValue | undefined,
  messages: readonly Message[],
): Tool[] | undefined {
  const listed = (asArray(servers) ?? []).map((server) => asObject(server) ?? {});
  const sets = tools.filter(isToolset);
  // In the form before sets existed, each server says which of its tools may be called.
  const added = sets.length > 0 ? [] : listed.map(serverAlone);
  if (sets.length > 0 && sets.length !== listed.length) return undefined;
  const limited = sets.length === 0 ? undefined : serversTakenAway(messages);
  const known = tools.map((tool): Tool => {
    if (!isToolset(tool)) return tool;
    const { fields } = tool.definition;
    if (limited?.has(fields.mcp_server_name) === true) return { ...tool, mcp: { obstacle: TAKEN_AWAY } };
    const server = listed.find(({ name }) => name === fields.mcp_server_name);
    if (server === undefined) return tool;
    const isLimitedTwice = asObject(server.tool_configuration) !== undefined;
    return { ...tool, mcp: isLimitedTwice ? { obstacle: LIMITED_TWICE } : mcpServerOf(server, fields) };
  });
  return [...known, ...added];
}

/**
 * The servers from which the conversation removes tools.
 * https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
 */
function serversTakenAway(messages: readonly Message[]): ReadonlySet<JsonValue | undefined> {
  const servers = new Set<JsonValue | undefined>();
  for (const { role, parts } of messages) {
    if (role !== 'system') continue;
    for (const part of parts)
      if (part.type === 'opaque' && part.name === 'tool_removal')
        servers.add(asObject(asObject(part.value)?.tool)?.server_name);
  }
  return servers;
}

function isToolset(tool: Tool): tool is ServerTool {
  return tool.type === 'server' && tool.definition.fields.type === TOOLSET;
}

function serverAlone(server: JsonObject): ServerTool {
  const { enabled, allowed_tools: allowed } = asObject(server.tool_configuration) ?? {};
  const names = asArray(allowed)?.filter((name) => typeof name === 'string');
  const set: JsonObject = {};
  if (enabled === false || names !== undefined) set.default_config = { enabled: false };
  if (enabled !== false && names !== undefined)
    set.configs = Object.fromEntries(names.map((name) => [name, { enabled: true }]));
  return {
    type: 'server',
    name: asString(server.name) ?? MCP_SERVERS,
    // This dialect's own provider gets it in the body's field.
    definition: { dialect: ID, fields: {} },
    mcp: mcpServerOf(server, set),
  };
}

const SERVER_FIELDS = ['type', 'name', 'url', 'authorization_token', 'tool_configuration'];
const SET_FIELDS = ['type', 'mcp_server_name', 'default_config', 'configs', 'tools'];

function mcpServerOf(server: JsonObject, set: JsonObject): McpServer | McpObstacle {
  const url = asString(server.url);
  if (server.type !== 'url' || url === undefined)
    return { obstacle: 'other providers call servers by their address' };
  const allowedTools = allowedOf(set);
  if (allowedTools === 'unknown')
    return {
      obstacle: 'other providers take a list of the tools that may be called, not of those that may not',
    };
  if (allowedTools?.length === 0) return { obstacle: 'none of its tools may be called' };
  const token = asString(server.authorization_token);
  const others = Object.keys({ ...withoutFields(server, SERVER_FIELDS), ...withoutFields(set, SET_FIELDS) });
  const isDeferred = [set.default_config, ...Object.values(asObject(set.configs) ?? {})].some(
    (config) => asObject(config)?.defer_loading === true,
  );
  return {
    name: asString(server.name) ?? '',
    url,
    ...(token !== undefined && { token }),
    ...(allowedTools !== undefined && { allowedTools }),
    others: [...others, ...(isDeferred ? ['defer_loading'] : [])],
  };
}

/** Undefined: all tools; `unknown`: all except some that the set does not list. */
function allowedOf({
  default_config: byDefault,
  configs,
  tools,
}: JsonObject): string[] | 'unknown' | undefined {
  const isEnabled = (config: JsonValue | undefined) => asObject(config)?.enabled;
  const rest = isEnabled(byDefault) !== false;
  const single = Object.entries(asObject(configs) ?? {});
  const pinned = asArray(tools)?.flatMap((tool) => asString(asObject(tool)?.name) ?? []);
  if (pinned !== undefined)
    return pinned.filter((name) => isEnabled(single.find(([each]) => each === name)?.[1]) ?? rest);
  if (!rest) return single.flatMap(([name, config]) => (isEnabled(config) === true ? [name] : []));
  return single.some(([, config]) => isEnabled(config) === false) ? 'unknown' : undefined;
}

/** Another dialect's server, as an entry of `mcp_servers` and one of `tools`. */
interface BuiltMcpServer {
  server: JsonObject;
  toolset: JsonObject;
}

/** The MCP servers of a request that come from another dialect. */
export interface McpServers {
  /** Whether the provider calls MCP servers. */
  isKnown: boolean;
  byTool: ReadonlyMap<Tool, BuiltMcpServer>;
  /** The servers that are declared, so that earlier calls of their tools can be sent back. */
  names: ReadonlySet<string>;
}

export function buildMcpServers({ tools }: NeutralRequest, isKnown: boolean, losses: LossReport): McpServers {
  const byTool = new Map<Tool, BuiltMcpServer>();
  const names = new Set<string>();
  for (const tool of isKnown ? tools : []) {
    if (tool.type !== 'server' || tool.mcp === undefined || tool.definition.dialect === ID) continue;
    const server = mcpInstead(tool, losses);
    if (server?.url.startsWith('https://') === true) {
      byTool.set(tool, buildMcpServer(server));
      names.add(server.name);
    } else if (server !== undefined)
      losses.lost(`tools.${tool.name}`, 'the provider calls servers at https addresses only');
  }
  return { isKnown, byTool, names };
}

function buildMcpServer({ name, url, token, allowedTools }: McpServer): BuiltMcpServer {
  const server: JsonObject = { type: 'url', name, url };
  put(server, 'authorization_token', token);
  const toolset: JsonObject = { type: TOOLSET, mcp_server_name: name };
  if (allowedTools !== undefined) {
    toolset.default_config = { enabled: false };
    toolset.configs = Object.fromEntries(allowedTools.map((tool) => [tool, { enabled: true }]));
  }
  return { server, toolset };
}

/** What the tool of an MCP server returned, read from the block of its result. */
export function mcpOutputOf({ content, is_error: failed }: JsonObject): { output: ServerToolOutput } {
  const texts = (asArray(content) ?? []).map((block) =>
    isObject(block) ? (asString(block.text) ?? '') : '',
  );
  const text = asString(content) ?? texts.join('\n');
  return { output: { text, ...(failed === true && { isError: true }) } };
}

/** The server whose tool is called. */
export function mcpServerIn({ type, [SERVER_NAME]: server }: JsonObject): { mcpServer?: string } {
  return type === MCP_CALL && typeof server === 'string' ? { mcpServer: server } : {};
}

/** The fields of another dialect's call. */
export function mcpCallFields({ mcpServer }: Pick<ToolCallPart, 'mcpServer'>): JsonObject {
  return { type: MCP_CALL, [SERVER_NAME]: mcpServer ?? '' };
}

/** The block of the result of another dialect's call; undefined if the result has no neutral form. */
export function mcpResultBlock({ callId, output }: ServerToolResultPart): JsonObject | undefined {
  if (output === undefined) return undefined;
  const { text, isError = false } = output;
  const content = text === '' ? [] : [{ type: 'text', text }];
  return { type: MCP_RESULT, tool_use_id: toolId(callId), is_error: isError, content };
}
