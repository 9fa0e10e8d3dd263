// Neutral tools → `tools` and `toolConfig`. https://ai.google.dev/gemini-api/docs/function-calling
import type { JsonObject } from '../../model/json/json.ts';
import type { FunctionTool, NeutralRequest, ServerTool, Tool } from '../../model/request.ts';
import type { BuildOptions } from '../dialect.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { declareAllowed } from '../shared/tools/allowed-tools.ts';
import { plainTools } from '../shared/tools/plain-tools.ts';
import { objectSchema, outermost, typedSchema } from '../shared/schemas/object-schema.ts';
import { codeInstead } from '../shared/code-execution.ts';
import { fetchInstead } from '../shared/page-fetch.ts';
import { searchInstead } from '../shared/web-search.ts';
import type { BuildScope } from './build-parts.ts';
import { createSchemaGrowth, type SchemaGrowth } from '../shared/schemas/schema-growth.ts';
import { reportedSchema } from './clean-schema.ts';
import { plainReferences } from './plain-references.ts';
import { put } from '../shared/own-fields.ts';
import { ID, ownFields } from './wire.ts';

const NO_SETTINGS = { allowedDomains: false, blockedDomains: false, location: false };

export function buildTools(tools: readonly Tool[], scope: BuildScope): JsonObject[] {
  const { losses } = scope;
  const declarations: JsonObject[] = [];
  const others: JsonObject[] = [];
  const growth = createSchemaGrowth();
  // Older models refuse a search beside functions, and newer ones require the answer's server calls back.
  const searches = scope.traits.webSearch && tools.every(({ type }) => type === 'server');
  // Models that fetch pages also run code. https://ai.google.dev/gemini-api/docs/code-execution
  const fetches = scope.traits.fetchesPages && tools.every(({ type }) => type === 'server');
  for (const tool of plainTools(tools, losses)) {
    if (tool.type === 'function') declarations.push(buildFunction(tool, growth, scope));
    else if (tool.definition.dialect === ID) others.push(tool.definition.fields);
    else if (searches && searchInstead(tool, NO_SETTINGS, losses) !== undefined)
      others.push({ googleSearch: {} });
    else if (fetches && fetchInstead(tool, losses)) others.push({ urlContext: {} });
    else if (fetches && codeInstead(tool, losses)) others.push({ codeExecution: {} });
    else losses.lost(`tools.${tool.name}`);
  }
  return declarations.length === 0 ? others : [...others, { functionDeclarations: declarations }];
}

function isOwn({ definition }: ServerTool): boolean {
  return definition.dialect === ID;
}

/** Whether Google may have its own instead, which runs whatever the mode of functions is. */
export function isRunBesides({ definition, search, fetch, code }: ServerTool): boolean {
  return definition.dialect !== ID && (search !== undefined || fetch !== undefined || code !== undefined);
}

function buildFunction(
  tool: FunctionTool,
  growth: SchemaGrowth,
  { options, losses }: BuildScope,
): JsonObject {
  if (tool.cacheControl !== undefined) losses.lost('cache_control');
  if (tool.strict === true) losses.lost('tools.strict');
  losses.foreign(tool.extension);
  const declaration: JsonObject = { name: tool.name };
  put(declaration, 'description', tool.description);
  const { parameters } = tool;
  if (parameters !== undefined)
    Object.assign(declaration, buildParameters(parameters, growth, options, losses));
  return Object.assign(declaration, ownFields(tool.extension));
}

function buildParameters(
  parameters: JsonObject,
  growth: SchemaGrowth,
  { quirks }: BuildOptions,
  losses: LossReport,
): JsonObject {
  if (quirks.schemaSubset !== true)
    return { parametersJsonSchema: withType(plainReferences(outermost(parameters))) };
  const whole = typedSchema(objectSchema(parameters, losses));
  const schema = reportedSchema(whole, 'tools.parameters', losses, growth);
  // An object without properties is refused, so a function without arguments is sent without a schema.
  return schema.type === 'OBJECT' && schema.properties === undefined ? {} : { parameters: schema };
}

const TYPED_ELSEWHERE = ['$ref', 'anyOf', 'oneOf', 'allOf'];

/** Google accepts nothing beside a reference. */
function withType(parameters: JsonObject): JsonObject {
  const isPlain = TYPED_ELSEWHERE.every((name) => parameters[name] === undefined);
  return isPlain || parameters.properties !== undefined ? typedSchema(parameters) : parameters;
}

/** Undefined if there is no function to choose. */
export function buildToolConfig(request: NeutralRequest, losses: LossReport): JsonObject | undefined {
  const { toolChoice, tools, allowedTools } = request;
  if (toolChoice === undefined) return undefined;
  const functions = tools.flatMap((tool) => (tool.type === 'server' ? [] : [tool.name]));
  const hasFunctions = functions.length > 0;
  const allowed = allowedTools && new Set(allowedTools);
  const named = allowed && { allowedFunctionNames: functions.filter((name) => allowed.has(name)) };
  switch (toolChoice.type) {
    case 'auto':
      if (!hasFunctions) return undefined;
      return calling(allowedTools === undefined ? { mode: 'AUTO' } : { mode: 'VALIDATED', ...named });
    case 'none':
      return hasFunctions ? calling({ mode: 'NONE' }) : undefined;
    case 'required':
      // Only calls of functions can be forced.
      if (!hasFunctions) losses.lost('tool_choice');
      return hasFunctions ? calling({ mode: 'ANY', ...named }) : undefined;
    case 'tool':
      if (!hasFunctions) losses.lost('tool_choice');
      return hasFunctions ? calling({ mode: 'ANY', allowedFunctionNames: [toolChoice.name] }) : undefined;
  }
}

/**
 * A list of allowed functions requires a mode: `VALIDATED` if no call is required, which Google Cloud and Code Assist do not document. The
 * list can exclude neither tools that are not functions, nor all functions.
 */
export function declareExpressible(
  request: NeutralRequest,
  { quirks }: BuildOptions,
  losses: LossReport,
): NeutralRequest {
  const { allowedTools, ...rest } = request;
  const { toolChoice, tools } = request;
  if (allowedTools === undefined) return request;
  const allowed = new Set(allowedTools);
  const isNone = tools.every((tool) =>
    tool.type === 'server' ? isOwn(tool) && allowed.has(tool.name) : !allowed.has(tool.name),
  );
  // Google's word for no functions, but all that it runs.
  if (isNone && toolChoice?.type === 'auto') return { ...rest, toolChoice: { type: 'none' } };
  const isKnown = quirks.cloudMethods !== true && quirks.schemaSubset !== true;
  const isExpressible =
    (isKnown || toolChoice?.type === 'required') &&
    tools.every((tool) => tool.type !== 'server' || allowed.has(tool.name)) &&
    tools.some((tool) => tool.type !== 'server' && allowed.has(tool.name));
  return isExpressible ? request : declareAllowed(request, losses);
}

function calling(config: JsonObject): JsonObject {
  return { functionCallingConfig: config };
}
