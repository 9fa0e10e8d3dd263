// Names of tools, and of MCP servers, that a provider would refuse for their length or characters: the provider gets substitutes, and the
// client its own names back. A name always gets the same substitute, so that histories and prompt caches stay valid.
import type { Part, ToolCallPart } from '../../../model/content.ts';
import type { StreamEvent } from '../../../model/events.ts';
import { fnv1aHex } from '../../../model/hash.ts';
import type { Loss, NeutralRequest, Tool } from '../../../model/request.ts';
import type { BuiltRequest, ProviderSide, ToolNameRule } from '../../dialect.ts';

interface FittedRequest {
  request: NeutralRequest;
  /** Substitute → the client's name; empty if all names fit. */
  names: ReadonlyMap<string, string>;
}

export function fitToolNames(request: NeutralRequest, rule: ToolNameRule | undefined): FittedRequest {
  const tools = new Map<string, string>();
  const servers = new Map<string, string>();
  if (rule !== undefined) {
    for (const name of toolsIn(request)) if (!fits(name, rule)) tools.set(name, standInFor(name, rule));
    const { servers: ofServers } = rule;
    if (ofServers !== undefined)
      for (const name of serversIn(request))
        if (!fits(name, ofServers)) servers.set(name, standInFor(name, ofServers));
  }
  if (tools.size === 0 && servers.size === 0) return { request, names: new Map() };
  const fit: Renaming = {
    tool: (name) => tools.get(name) ?? name,
    server: (name) => servers.get(name) ?? name,
  };
  const { toolChoice, allowedTools } = request;
  return {
    request: {
      ...request,
      tools: request.tools.map((tool) => fitTool(tool, fit)),
      messages: request.messages.map((message) => ({
        ...message,
        parts: message.parts.map((part) => renamed(part, fit)),
      })),
      ...(toolChoice?.type === 'tool' && { toolChoice: { type: 'tool', name: fit.tool(toolChoice.name) } }),
      ...(allowedTools !== undefined && { allowedTools: allowedTools.map(fit.tool) }),
    },
    names: new Map([...tools, ...servers].map(([name, substitute]) => [substitute, name])),
  };
}

/** The provider's side with the client's names in its answers. */
export function restoreToolNames(side: ProviderSide, names: ReadonlyMap<string, string>): ProviderSide {
  if (names.size === 0) return side;
  const own = (name: string) => names.get(name) ?? name;
  const restore: Renaming = { tool: own, server: own };
  const restored = (event: StreamEvent): StreamEvent =>
    event.type === 'tool-start' ? renamedCall(event, restore) : event;
  return {
    ...side,
    parseResponse(body) {
      const response = side.parseResponse(body);
      return { ...response, parts: response.parts.map((part) => renamed(part, restore)) };
    },
    createStreamDecoder: (sink, quirks) =>
      side.createStreamDecoder({ push: (event) => sink.push(restored(event)) }, quirks),
  };
}

export function reportToolNames(built: BuiltRequest, names: ReadonlyMap<string, string>): Loss[] {
  if (names.size === 0) return built.losses;
  const how = 'sent in a form that the provider accepts; the client sees its own';
  return [...built.losses, { feature: 'tools.name', outcome: 'approximated', how }];
}

interface Renaming {
  tool(name: string): string;
  server(name: string): string;
}

function* toolsIn({ tools, messages, toolChoice }: NeutralRequest): Generator<string> {
  for (const tool of tools) if (tool.type !== 'server') yield tool.name;
  for (const { parts } of messages) {
    for (const part of parts) if (part.type === 'tool-call' && part.kind !== 'server') yield part.name;
  }
  if (toolChoice?.type === 'tool') yield toolChoice.name;
}

function* serversIn({ tools, messages }: NeutralRequest): Generator<string> {
  for (const tool of tools)
    if (tool.type === 'server' && tool.mcp !== undefined && 'name' in tool.mcp) yield tool.mcp.name;
  for (const { parts } of messages) {
    for (const part of parts)
      if (part.type === 'tool-call' && part.mcpServer !== undefined) yield part.mcpServer;
  }
}

function renamed<Kind extends Part>(part: Kind, rename: Renaming): Kind {
  if (part.type === 'tool-result' && part.foundTools !== undefined)
    return { ...part, foundTools: part.foundTools.map(rename.tool) };
  return part.type === 'tool-call' ? { ...part, ...renamedCall(part, rename) } : part;
}

/** A tool that the provider runs keeps the provider's name for it. */
function renamedCall<Call extends Pick<ToolCallPart, 'name' | 'kind' | 'mcpServer'>>(
  call: Call,
  rename: Renaming,
): Call {
  if (call.kind !== 'server') return { ...call, name: rename.tool(call.name) };
  return call.mcpServer === undefined ? call : { ...call, mcpServer: rename.server(call.mcpServer) };
}

function fitTool(tool: Tool, fit: Renaming): Tool {
  if (tool.type !== 'server') return { ...tool, name: fit.tool(tool.name) };
  const { mcp } = tool;
  return mcp === undefined || 'obstacle' in mcp
    ? tool
    : { ...tool, mcp: { ...mcp, name: fit.server(mcp.name) } };
}

export function fits(name: string, { signs, longest, start }: ToolNameRule): boolean {
  return name.length <= longest && !signs.test(name) && (start === undefined || start.test(name));
}

/** A substitute for the name. Its ending, a hash, distinguishes it from those of names with the same beginning. */
export function standInFor(name: string, { signs, longest, start }: ToolNameRule): string {
  const clean = [...name].map((sign) => (signs.test(sign) ? '_' : sign)).join('');
  const begun = start === undefined || start.test(clean) ? clean : `${start.test('_') ? '_' : 'n'}${clean}`;
  const mark = `_${fnv1aHex(name)}`;
  return begun.slice(0, longest - mark.length) + mark;
}
