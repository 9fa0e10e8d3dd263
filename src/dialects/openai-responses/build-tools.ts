// `tools` and `tool_choice` of a provider request.
import { asObject, type JsonObject } from '../../model/json/json.ts';
import type { CustomTool, FunctionTool, NeutralRequest, ServerTool, Tool } from '../../model/request.ts';
import { allowedOf, noneAllowed } from '../shared/tools/allowed-tools.ts';
import { broughtNames, uniqueName } from './additional-tools.ts';
import type { BuildScope } from './build-content.ts';
import { functionFields } from '../openai/schemas.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { put } from '../shared/own-fields.ts';
import { codeInstead } from '../shared/code-execution.ts';
import { mcpInstead } from '../shared/mcp-servers.ts';
import { searchInstead } from '../shared/web-search.ts';
import { buildMcpServer, MCP } from './mcp.ts';
import type { ModelTraits } from './models.ts';
import { CODE_INTERPRETER } from './parse-tools.ts';
import { searchOf, TOOL_SEARCH } from './tool-search.ts';
import { ID, ownFields } from './wire.ts';

/** The tool fields of the body; empty if the request offers no tool that this dialect has. */
export function buildTools(request: NeutralRequest, scope: BuildScope, traits: ModelTraits): JsonObject {
  const { losses } = scope;
  const tools: JsonObject[] = [];
  const namespaces = new Map<string, JsonObject[]>();
  const brought = broughtNames(request);
  /** Those of the provider's own. */
  const hosted = new Set<Tool>();
  for (const tool of request.tools) {
    if (brought.has(uniqueName(tool))) continue;
    if (tool.type === 'server') {
      const built = buildServer(tool, scope, traits);
      if (built !== undefined) {
        tools.push(built);
        hosted.add(tool);
      }
      continue;
    }
    const built = tool.type === 'custom' ? buildCustom(tool, losses) : buildFunction(tool, scope, traits);
    const { namespace } = tool;
    if (namespace === undefined) {
      tools.push(built);
      continue;
    }
    built.name = namespace.tool;
    const group = namespaces.get(namespace.name);
    if (group !== undefined) group.push(built);
    else {
      const members = [built];
      namespaces.set(namespace.name, members);
      const { name, description } = namespace;
      tools.push({
        type: 'namespace',
        name,
        ...(description !== undefined && { description }),
        tools: members,
      });
    }
  }
  const choice = request.toolChoice;
  if (tools.length === 0 && brought.size === 0) {
    if (choice?.type === 'required' || choice?.type === 'tool') losses.lost('tool_choice');
    return {};
  }
  const fields: JsonObject = tools.length === 0 ? {} : { tools };
  const isSent = (tool: Tool) => tool.type !== 'server' || hosted.has(tool) || brought.has(uniqueName(tool));
  if (choice?.type === 'tool') {
    const chosen = request.tools.find((tool) => tool.name === choice.name && isSent(tool));
    const [named] = chosen === undefined ? [] : listTool(chosen);
    if (named !== undefined) fields.tool_choice = named;
    else losses.lost('tool_choice');
  } else if (request.allowedTools !== undefined) {
    const mode = choice?.type ?? 'auto';
    const listed = allowedOf(request).filter(isSent).flatMap(listTool);
    const list = { type: 'allowed_tools', mode, tools: listed };
    fields.tool_choice = listed.length > 0 ? list : noneAllowed(request, losses);
  } else if (choice !== undefined) fields.tool_choice = choice.type;
  if (request.parallelToolCalls !== undefined) fields.parallel_tool_calls = request.parallelToolCalls;
  return fields;
}

/** A tool run by the provider is named by its type; another dialect's was sent only if it has a counterpart. */
function listTool(tool: Tool): JsonObject[] {
  if (tool.type !== 'server') return [nameTool(tool)];
  if (tool.definition.dialect === ID) return [{ type: tool.name }];
  if (tool.mcp !== undefined && 'name' in tool.mcp) return [{ type: MCP, server_label: tool.mcp.name }];
  if (tool.code !== undefined) return [{ type: CODE_INTERPRETER }];
  return tool.search === undefined ? [] : [{ type: 'web_search' }];
}

function nameTool(tool: FunctionTool | CustomTool): JsonObject {
  if (tool.type === 'function' && searchOf(tool) !== undefined) return { type: TOOL_SEARCH };
  return { type: tool.type, name: tool.namespace?.tool ?? tool.name };
}

/** A tool of another dialect becomes OpenAI's only for OpenAI's own models: other servers of this dialect may run no tools. */
function buildServer(tool: ServerTool, scope: BuildScope, { reasons }: ModelTraits): JsonObject | undefined {
  const { losses } = scope;
  if (tool.definition.dialect === ID) return tool.definition.fields;
  if (reasons !== undefined && tool.mcp !== undefined) {
    const server = mcpInstead(tool, losses);
    return server && buildMcpServer(server);
  }
  if (reasons !== undefined && codeInstead(tool, losses))
    return { type: CODE_INTERPRETER, container: { type: 'auto' } };
  const search = reasons === undefined ? undefined : buildSearch(tool, scope);
  if (search === undefined) losses.lost(`tools.${tool.name}`);
  return search;
}

function buildSearch(tool: ServerTool, { losses }: BuildScope): JsonObject | undefined {
  const known = { allowedDomains: true, blockedDomains: false, location: true, contextSize: true } as const;
  const search = searchInstead(tool, known, losses);
  if (search === undefined) return undefined;
  const { allowedDomains, location, contextSize } = search;
  return {
    type: 'web_search',
    ...(contextSize !== undefined && { search_context_size: contextSize }),
    ...(allowedDomains !== undefined && { filters: { allowed_domains: allowedDomains } }),
    ...(location !== undefined && { user_location: { type: 'approximate', ...location } }),
  };
}

function buildCustom({ name, description, format, extension }: CustomTool, losses: LossReport): JsonObject {
  losses.foreign(extension);
  return {
    type: 'custom',
    name,
    ...(description !== undefined && { description }),
    ...(format !== undefined && { format: { type: format.type, ...(asObject(format.grammar) ?? format) } }),
    ...ownFields(extension),
  };
}

function buildFunction(
  tool: FunctionTool,
  { losses, native }: BuildScope,
  { reasons }: ModelTraits,
): JsonObject {
  const search = searchOf(tool);
  if (search !== undefined) return search;
  losses.foreign(tool.extension);
  if (tool.cacheControl !== undefined) losses.lost('cache_control');
  const built: JsonObject = { type: 'function', name: tool.name };
  put(built, 'description', tool.description);
  // OpenAI's own models require an object; other servers of the dialect accept whatever the client sends.
  const isOpenAis = reasons !== undefined;
  const facts = { checksStrict: isOpenAis, isOneObject: isOpenAis };
  const { parameters, strict } = native ? tool : functionFields(tool, facts, losses);
  put(built, 'parameters', parameters);
  // If it is left out, OpenAI makes the schema strict where it can, which clients of other dialects do not expect.
  put(built, 'strict', native ? strict : (strict ?? false));
  return { ...built, ...ownFields(tool.extension) };
}
