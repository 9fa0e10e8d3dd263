// `toolConfig`. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { FunctionTool, NeutralRequest, ServerTool, ToolChoice } from '../../model/request.ts';
import { traitsOf } from '../claude/models.ts';
import { MOST_STRICT, strictSchema } from '../claude/strict-schema.ts';
import { currentDraft } from '../shared/schemas/current-draft.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { plainTools } from '../shared/tools/plain-tools.ts';
import { argumentSchema, objectSchema } from '../shared/schemas/object-schema.ts';
import { buildCachePoint, type ContentScope } from './build-content.ts';
import type { Turn } from './build-messages.ts';
import { familyOf, forcedChoices, searchesWeb, takesSingleCalls } from './models.ts';
import { novaSchema } from './nova-schema.ts';
import { type ReportedGrowth, reportedGrowth } from '../shared/schemas/schema-growth.ts';
import { ANY_TOOL, CHOICE_LEFT } from '../shared/losses/substitutes.ts';
import { searchInstead } from '../shared/web-search.ts';
import { isOwnTool, STAND_IN } from './own-tools.ts';
import { NOVA_SEARCH } from './wire.ts';

interface ChoiceFacts {
  model: string;
  /** Whether the model can be forced to call a tool: not while it thinks. */
  isForcible: boolean;
}

export function buildToolConfig(
  request: NeutralRequest,
  turns: readonly Turn[],
  facts: ChoiceFacts,
  scope: ContentScope,
): JsonObject | undefined {
  const { losses } = scope;
  const { toolChoice } = request;
  const called = calledTools(turns);
  const growth = reportedGrowth('tools.parameters', losses);
  let strict = traitsOf(facts.model).structuredOutput && scope.family === 'claude' ? MOST_STRICT : 0;
  const offered: JsonObject[] = [];
  for (const tool of plainTools(request.tools, losses)) {
    const asks = tool.type === 'function' && tool.strict === true;
    const isStrict = asks && strict > 0;
    if (isStrict) strict--;
    else if (asks) losses.lost('tools.strict');
    offered.push(...buildTool(tool, isStrict, growth, scope));
  }
  const own = new Set(request.tools.filter((tool) => isOwnTool(tool, scope.family)).map(({ name }) => name));
  if (offered.length === 0 && own.size > 0) offered.push(STAND_IN);
  if (toolChoice?.type === 'none' && offered.length > 0) {
    if (called.size === 0) {
      losses.approximated('tool_choice', 'the tools are not sent');
      return undefined;
    }
    losses.lost('tool_choice', 'a conversation with calls must declare tools');
  }
  const isCallable = offered.some((tool) => tool.toolSpec !== undefined);
  if (!isCallable && (toolChoice?.type === 'required' || toolChoice?.type === 'tool'))
    losses.lost('tool_choice');
  if (offered.length > 0) {
    // What is forced then is one of Claude's own tools, never the stand-in.
    const isForcedOwn =
      offered[0] === STAND_IN && own.size === 1 && toolChoice?.type === 'required' && facts.isForcible;
    const choice = isCallable && !isForcedOwn ? buildChoice(toolChoice, own, facts, scope) : undefined;
    return { tools: offered, ...(choice === undefined ? {} : { toolChoice: choice }) };
  }
  if (called.size === 0) return undefined;
  losses.approximated(
    'tools',
    'the tools called earlier are declared, since a conversation with calls must declare some',
  );
  return { tools: [...called].map((name) => toolSpec(name, undefined, argumentSchema(undefined))) };
}

/**
 * The field that asks the model for one call at a time, for which Converse has none. The choice's type is in `toolConfig` if it
 * has one, and is required here otherwise. https://github.com/BerriAI/litellm/pull/34347, https://github.com/BerriAI/litellm/issues/36536
 * @param config as built. @param fields the fields beside it, also as built.
 */
export function buildSingleCalls(
  { parallelToolCalls, tools }: NeutralRequest,
  config: JsonObject | undefined,
  fields: JsonObject,
  model: string,
  losses: LossReport,
): JsonObject {
  const offersSome =
    config !== undefined && tools.some((tool) => tool.type !== 'server' || isOwnTool(tool, familyOf(model)));
  if (parallelToolCalls !== false || !offersSome) return {};
  if (!takesSingleCalls(model)) {
    losses.lost('parallel_tool_calls');
    return {};
  }
  const type = config.toolChoice === undefined ? { type: 'auto' } : {};
  return { tool_choice: { ...type, ...asObject(fields.tool_choice), disable_parallel_tool_use: true } };
}

const NO_SETTINGS = { allowedDomains: false, blockedDomains: false, location: false };

function calledTools(turns: readonly Turn[]): Set<string> {
  const names = new Set<string>();
  for (const { content } of turns) {
    for (const block of content) {
      const name = asString(asObject(block.toolUse)?.name);
      if (name !== undefined) names.add(name);
    }
  }
  return names;
}

function buildTool(
  tool: FunctionTool | ServerTool,
  isStrict: boolean,
  growth: ReportedGrowth,
  scope: ContentScope,
): JsonObject[] {
  const { losses } = scope;
  switch (tool.type) {
    case 'server':
      if (isOwnTool(tool, scope.family)) return [];
      if (searchesWeb(scope.model) && searchInstead(tool, NO_SETTINGS, losses) !== undefined)
        return [{ systemTool: { name: NOVA_SEARCH } }];
      losses.lost(`tools.${tool.name}`);
      return [];
    case 'function': {
      losses.foreign(tool.extension);
      const schema = takenSchema(argumentSchema(tool.parameters), growth, scope);
      const spec = isStrict
        ? strictSpec(tool, schema, losses)
        : toolSpec(tool.name, tool.description, schema);
      const point = buildCachePoint(tool.cacheControl, spec, scope);
      return point === undefined ? [spec] : [spec, point];
    }
  }
}

function takenSchema(
  schema: JsonObject,
  growth: ReportedGrowth,
  { family, losses }: ContentScope,
): JsonObject {
  switch (family) {
    case 'claude':
      // Like Anthropic, Amazon accepts for Claude only a schema that is one object.
      return objectSchema(currentDraft(schema), losses);
    case 'nova':
    case 'nova-2':
      return novaSchema(objectSchema(schema, losses), growth, losses);
    default:
      return schema;
  }
}

/** Leaves out an empty description, which is refused. */
function toolSpec(name: string, description: string | undefined, schema: JsonObject): JsonObject {
  return { toolSpec: { name, ...(description ? { description } : {}), inputSchema: { json: schema } } };
}

function strictSpec({ name, description }: FunctionTool, given: JsonObject, losses: LossReport): JsonObject {
  const schema = strictSchema(given, 'tools.strict', losses);
  const { toolSpec: spec } = toolSpec(name, description, schema);
  return { toolSpec: { ...asObject(spec), strict: true } };
}

/** @param own the names of tools that stand beside `toolConfig`, as a choice of them does. */
function buildChoice(
  choice: ToolChoice | undefined,
  own: ReadonlySet<string>,
  { model, isForcible }: ChoiceFacts,
  { losses, family }: ContentScope,
): JsonObject | undefined {
  if (choice === undefined || choice.type === 'none' || choice.type === 'auto') return undefined;
  if (!isForcible) {
    losses.approximated('tool_choice', CHOICE_LEFT);
    return undefined;
  }
  if (choice.type === 'tool' && own.has(choice.name)) return undefined;
  const taken = forcedChoices(family, model);
  if (choice.type === 'tool' && taken.includes('tool')) return { tool: { name: choice.name } };
  if (!taken.includes('any')) {
    losses.lost('tool_choice');
    return undefined;
  }
  if (choice.type === 'tool') losses.approximated('tool_choice', ANY_TOOL);
  return { any: {} };
}
