// Neutral tools and tool choice → `tools`, `tool_choice`, `parallel_tool_calls`.
import type { JsonObject } from '../../model/json/json.ts';
import type { FunctionTool, NeutralRequest, ServerTool, Tool, ToolChoice } from '../../model/request.ts';
import { allowedOf, noneAllowed } from '../shared/tools/allowed-tools.ts';
import { freeTextFunction } from '../shared/tools/free-text-tool.ts';
import { ungroupedTools } from '../shared/tools/plain-tools.ts';
import { functionFields } from '../openai/schemas.ts';
import { put } from '../shared/own-fields.ts';
import { type ReportedGrowth, reportedGrowth } from '../shared/schemas/schema-growth.ts';
import { searchInstead } from '../shared/web-search.ts';
import { sentBreakpoint } from './breakpoint-field.ts';
import type { BuildScope } from './build-content.ts';
import { mfjsSchema } from './mfjs-schema.ts';
import { SEARCH_OPTIONS } from './parse-tools.ts';
import { ID } from './wire.ts';

/** The tool fields of the body; empty if the request offers no tool that this dialect has. */
export function buildTools(request: NeutralRequest, scope: BuildScope): JsonObject {
  const { losses, options } = scope;
  const isOwn = request.extension?.dialect === ID;
  const growth = reportedGrowth('tools.parameters', losses);
  const tools: JsonObject[] = [];
  const fields: JsonObject = {};
  const customNames = new Set<string>();
  const names = new Set<string>();
  for (const each of ungroupedTools(request.tools, losses)) {
    const isForeign = each.type === 'custom' && options.quirks.customTools !== true;
    const tool = isForeign ? freeTextFunction(each, losses) : each;
    switch (tool.type) {
      case 'function':
        names.add(tool.name);
        tools.push(buildFunction(tool, { isOwn, growth }, scope));
        break;
      case 'custom': {
        const { name, description, format } = tool;
        names.add(name);
        customNames.add(name);
        losses.foreign(tool.extension);
        const described = description === undefined ? {} : { description };
        tools.push({
          type: 'custom',
          custom: { name, ...described, ...(format !== undefined && { format }) },
        });
        break;
      }
      case 'server':
        if (tool.definition.dialect !== ID) Object.assign(fields, buildSearch(tool, scope));
        else if (tool.name === SEARCH_OPTIONS) Object.assign(fields, tool.definition.fields);
        else tools.push(tool.definition.fields);
        break;
    }
  }
  const choice = request.toolChoice;
  if (tools.length === 0) {
    // OpenAI refuses tool_choice and parallel_tool_calls without tools.
    if (choice?.type === 'required' || choice?.type === 'tool') losses.lost('tool_choice');
    return fields;
  }
  fields.tools = tools;
  if (choice?.type === 'tool' && !names.has(choice.name)) losses.lost('tool_choice');
  else if (request.allowedTools !== undefined) {
    const listed = allowedOf(request).flatMap((tool) => listTool(tool, customNames));
    const mode = choice?.type ?? 'auto';
    const list = { type: 'allowed_tools', allowed_tools: { mode, tools: listed } };
    fields.tool_choice = listed.length > 0 ? list : noneAllowed(request, losses);
  } else if (choice !== undefined) fields.tool_choice = buildToolChoice(choice, customNames);
  if (request.parallelToolCalls !== undefined) fields.parallel_tool_calls = request.parallelToolCalls;
  return fields;
}

/** Models that search have it in their name; others refuse the field. */
const SEARCHES = /-search-/;

/** Whether the model searches instead, whatever the choice of tools is. */
export function isSearchBesides({ definition, search }: ServerTool, model: string): boolean {
  return definition.dialect !== ID && search !== undefined && SEARCHES.test(model);
}

function buildSearch(tool: ServerTool, { losses, options }: BuildScope): JsonObject {
  const known = { allowedDomains: false, blockedDomains: false, location: true, contextSize: true } as const;
  const search = SEARCHES.test(options.model) ? searchInstead(tool, known, losses) : undefined;
  if (search === undefined) {
    losses.lost(`tools.${tool.name}`);
    return {};
  }
  const { location, contextSize } = search;
  return {
    [SEARCH_OPTIONS]: {
      ...(contextSize !== undefined && { search_context_size: contextSize }),
      ...(location !== undefined && { user_location: { type: 'approximate', approximate: location } }),
    },
  };
}

interface FunctionFacts {
  /** Whether the client speaks this dialect. */
  isOwn: boolean;
  growth: ReportedGrowth;
}

function buildFunction(
  tool: FunctionTool,
  { isOwn, growth }: FunctionFacts,
  { losses, options }: BuildScope,
): JsonObject {
  losses.foreign(tool.extension);
  const declared: JsonObject = { name: tool.name };
  put(declared, 'description', tool.description);
  const { schemaForm, objectSchemas: checksStrict = false } = options.quirks;
  const isOneObject = checksStrict || schemaForm !== undefined;
  const { parameters, strict } = functionFields(tool, { checksStrict, isOneObject }, losses);
  if (tool.parameters !== undefined || !isOwn)
    declared.parameters = schemaForm === 'mfjs' ? mfjsSchema(parameters, growth) : parameters;
  put(declared, 'strict', strict);
  const built: JsonObject = { type: 'function', function: declared };
  if (tool.cacheControl !== undefined) {
    if (options.quirks.cacheControl === true)
      built.cache_control = sentBreakpoint(tool.cacheControl, options, losses);
    else losses.lost('cache_control');
  }
  return built;
}

function buildToolChoice(choice: ToolChoice, customNames: ReadonlySet<string>): string | JsonObject {
  if (choice.type !== 'tool') return choice.type;
  return nameTool(choice.name, customNames);
}

/** A server's tool is named by its type; tools of another dialect's server were not sent. */
function listTool(tool: Tool, customNames: ReadonlySet<string>): JsonObject[] {
  if (tool.type !== 'server') return [nameTool(tool.name, customNames)];
  return tool.definition.dialect === ID ? [{ type: tool.name }] : [];
}

function nameTool(name: string, customNames: ReadonlySet<string>): JsonObject {
  return customNames.has(name)
    ? { type: 'custom', custom: { name } }
    : { type: 'function', function: { name } };
}
