// `tools` and `tool_choice`.
import { asObject, type JsonObject } from '../../model/json/json.ts';
import type { FunctionTool, NeutralRequest, ServerTool, ToolChoice } from '../../model/request.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import type { ModelTraits } from '../claude/models.ts';
import { MOST_STRICT, strictSchema } from '../claude/strict-schema.ts';
import { currentDraft } from '../shared/schemas/current-draft.ts';
import { plainTools } from '../shared/tools/plain-tools.ts';
import { argumentSchema, objectSchema } from '../shared/schemas/object-schema.ts';
import { codeInstead } from '../shared/code-execution.ts';
import { fetchInstead } from '../shared/page-fetch.ts';
import { searchInstead } from '../shared/web-search.ts';
import { isEmpty, put } from '../shared/own-fields.ts';
import type { McpServers } from './mcp.ts';
import { ID, ownFields } from './wire.ts';

/** @param mcp the MCP servers that are declared beside the tools. */
export function buildTools(
  request: NeutralRequest,
  traits: ModelTraits,
  mcp: McpServers,
  losses: LossReport,
): JsonObject[] {
  const native = request.extension?.dialect === ID;
  const tools: JsonObject[] = [];
  let strict = 0;
  for (const tool of plainTools(request.tools, losses)) {
    const wire = buildTool(tool, request, traits, mcp, losses);
    if (wire === undefined || isEmpty(wire)) continue;
    if (tool.type === 'function' && tool.strict !== undefined) {
      if (native || !tool.strict) wire.strict = tool.strict;
      else if (!traits.structuredOutput || ++strict > MOST_STRICT) losses.lost('tools.strict');
      else makeStrict(wire, losses);
    }
    tools.push(wire);
  }
  return tools;
}

function buildTool(
  tool: FunctionTool | ServerTool,
  request: NeutralRequest,
  traits: ModelTraits,
  mcp: McpServers,
  losses: LossReport,
): JsonObject | undefined {
  if (tool.type === 'server') {
    if (tool.definition.dialect === ID) return tool.definition.fields;
    if (mcp.isKnown && tool.mcp !== undefined) return mcp.byTool.get(tool)?.toolset;
    if (tool.fetch !== undefined) return buildFetch(tool, request, traits, losses);
    if (tool.code !== undefined) return buildCode(tool, request, traits, losses);
    return buildSearch(tool, request, traits, losses);
  }
  losses.foreign(tool.extension);
  const { name, description } = tool;
  const schema = argumentSchema(tool.parameters);
  const isNative = request.extension?.dialect === ID;
  const wire: JsonObject = { name };
  put(wire, 'description', description);
  wire.input_schema = isNative ? schema : objectSchema(currentDraft(schema), losses);
  put(wire, 'cache_control', tool.cacheControl);
  return Object.assign(wire, ownFields(tool.extension));
}

const SEARCH = 'web_search';

function buildSearch(
  tool: ServerTool,
  { tools }: NeutralRequest,
  { webSearch }: ModelTraits,
  losses: LossReport,
): JsonObject | undefined {
  const { allowedDomains: allowed, blockedDomains: blocked } = tool.search ?? {};
  // Names must be unique, and only one of the two lists is sent.
  const isFree = tools.every((each) => each.type === 'server' || each.name !== SEARCH);
  const fits = webSearch && isFree && (allowed === undefined || blocked === undefined);
  const known = { allowedDomains: fits, blockedDomains: fits, location: true };
  const search = fits ? searchInstead(tool, known, losses) : undefined;
  if (search === undefined) {
    losses.lost(`tools.${tool.name}`);
    return undefined;
  }
  const wire: JsonObject = { type: 'web_search_20250305', name: SEARCH };
  put(wire, 'allowed_domains', allowed);
  put(wire, 'blocked_domains', blocked);
  if (search.location !== undefined) wire.user_location = { type: 'approximate', ...search.location };
  return wire;
}

const FETCH = 'web_fetch';

/** Models that search also fetch pages. https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-fetch-tool */
function buildFetch(
  tool: ServerTool,
  { tools }: NeutralRequest,
  { webSearch }: ModelTraits,
  losses: LossReport,
): JsonObject | undefined {
  const isFree = tools.every((each) => each.type === 'server' || each.name !== FETCH);
  if (webSearch && isFree && fetchInstead(tool, losses)) return { type: 'web_fetch_20250910', name: FETCH };
  losses.lost(`tools.${tool.name}`);
  return undefined;
}

const CODE = 'code_execution';

/** Models that search also run code. https://platform.claude.com/docs/en/agents-and-tools/tool-use/code-execution-tool */
function buildCode(
  tool: ServerTool,
  { tools }: NeutralRequest,
  { webSearch }: ModelTraits,
  losses: LossReport,
): JsonObject | undefined {
  const isFree = tools.every((each) => each.type === 'server' || each.name !== CODE);
  if (webSearch && isFree && codeInstead(tool, losses))
    return { type: 'code_execution_20250825', name: CODE };
  losses.lost(`tools.${tool.name}`);
  return undefined;
}

function makeStrict(wire: JsonObject, losses: LossReport): void {
  wire.strict = true;
  wire.input_schema = strictSchema(asObject(wire.input_schema) ?? {}, 'tools.strict', losses);
}

/** Undefined if it equals the default, or if there is nothing to choose. @param sent the tools that are declared. */
export function buildToolChoice(
  request: NeutralRequest,
  sent: readonly JsonObject[],
  losses: LossReport,
): JsonObject | undefined {
  const { parallelToolCalls, extension } = request;
  const toolChoice = choiceAmong(sent, request, losses);
  if (sent.length === 0 && extension?.dialect !== ID) {
    if (toolChoice?.type === 'required' || toolChoice?.type === 'tool') losses.lost('tool_choice');
    return undefined;
  }
  if (toolChoice === undefined && parallelToolCalls !== false) return undefined;
  const choice: JsonObject = { type: 'auto' };
  if (toolChoice !== undefined) {
    choice.type = toolChoice.type === 'required' ? 'any' : toolChoice.type;
    if (toolChoice.type === 'tool') choice.name = toolChoice.name;
  }
  if (parallelToolCalls !== undefined && choice.type !== 'none') {
    choice.disable_parallel_tool_use = !parallelToolCalls;
  }
  return choice;
}

/** The choice, by this dialect's name for another dialect's tool that the provider runs; without it where the provider does not. */
function choiceAmong(
  sent: readonly JsonObject[],
  { toolChoice, tools }: NeutralRequest,
  losses: LossReport,
): ToolChoice | undefined {
  if (toolChoice?.type !== 'tool') return toolChoice;
  const chosen = tools.filter(({ name }) => name === toolChoice.name);
  // Several MCP servers have one name in Responses.
  const foreign = chosen.flatMap((tool) =>
    tool.type === 'server' && tool.definition.dialect !== ID ? [tool] : [],
  );
  if (foreign.length === 0 || foreign.length < chosen.length) return toolChoice;
  const own = foreign
    .map(nameFor)
    .find(
      (known) => known !== undefined && sent.some(({ type, name }) => type !== undefined && name === known),
    );
  if (own !== undefined) return { type: 'tool', name: own };
  losses.lost('tool_choice');
  return undefined;
}

function nameFor({ search, fetch, code }: ServerTool): string | undefined {
  if (code !== undefined) return CODE;
  if (fetch !== undefined) return FETCH;
  return search === undefined ? undefined : SEARCH;
}

/** Whether the request forces a tool call, which the model cannot make while it thinks. */
export function forcesTool(choice: JsonObject | undefined): boolean {
  return choice?.type === 'any' || choice?.type === 'tool';
}
