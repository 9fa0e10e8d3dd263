// Neutral tools → `tools` and `toolConfig`. https://ai.google.dev/gemini-api/docs/function-calling
import type { JsonObject } from '../../model/json.ts';
import type { FunctionTool, NeutralRequest, Tool } from '../../model/request.ts';
import type { BuildScope } from './build-parts.ts';
import { cleanSchema } from './clean-schema.ts';
import type { LossReport } from './losses.ts';
import { FREE_TEXT } from './tool-arguments.ts';
import { ID, ownFields, put } from './wire.ts';

export function buildTools(tools: readonly Tool[], scope: BuildScope): JsonObject[] {
  const { losses } = scope;
  const declarations: JsonObject[] = [];
  const others: JsonObject[] = [];
  for (const tool of tools) {
    switch (tool.type) {
      case 'function':
        declarations.push(buildFunction(tool, scope));
        break;
      case 'custom': {
        losses.approximated('tools.custom', 'a function with one text argument');
        if (tool.format !== undefined && tool.format.type !== 'text') losses.lost('tools.custom.format');
        const parameters = {
          type: 'object',
          properties: { [FREE_TEXT]: { type: 'string' } },
          required: [FREE_TEXT],
        };
        const { name, description } = tool;
        const described = description === undefined ? {} : { description };
        declarations.push(buildFunction({ type: 'function', name, ...described, parameters }, scope));
        break;
      }
      case 'server':
        if (tool.definition.dialect === ID) others.push(tool.definition.fields);
        else losses.lost(`tools.${tool.name}`);
        break;
    }
  }
  return declarations.length === 0 ? others : [...others, { functionDeclarations: declarations }];
}

function buildFunction(tool: FunctionTool, { options, losses }: BuildScope): JsonObject {
  if (tool.cacheControl !== undefined) losses.lost('cache_control');
  if (tool.strict === true) losses.lost('tools.strict');
  losses.foreign(tool.extension);
  const declaration: JsonObject = { name: tool.name };
  put(declaration, 'description', tool.description);
  const { parameters } = tool;
  if (parameters !== undefined && hasArguments(parameters)) {
    if (options.quirks.schemaSubset === true) {
      const { schema, approximated } = cleanSchema(parameters);
      if (approximated.length > 0) {
        losses.approximated('tools.parameters', `schema keywords said otherwise: ${approximated.join(', ')}`);
      }
      declaration.parameters = schema;
    } else declaration.parametersJsonSchema = withType(parameters);
  }
  return Object.assign(declaration, ownFields(tool.extension));
}

/** A function without arguments goes without a schema: older models refuse an object without properties. */
function hasArguments(parameters: JsonObject): boolean {
  const { type: _, properties, additionalProperties: __, $schema: ___, required: ____, ...more } = parameters;
  const hasProperties =
    typeof properties === 'object' && properties !== null && Object.keys(properties).length > 0;
  return hasProperties || Object.keys(more).length > 0;
}

function withType(parameters: JsonObject): JsonObject {
  return parameters.type === undefined && parameters.properties !== undefined
    ? { type: 'object', ...parameters }
    : parameters;
}

/** Undefined where the default says the same. */
export function buildToolConfig(request: NeutralRequest, losses: LossReport): JsonObject | undefined {
  const { toolChoice, tools } = request;
  if (toolChoice === undefined) return undefined;
  const hasFunctions = tools.some((tool) => tool.type !== 'server');
  switch (toolChoice.type) {
    case 'auto':
      return request.extension?.dialect === ID ? calling({ mode: 'AUTO' }) : undefined;
    case 'none':
      return hasFunctions ? calling({ mode: 'NONE' }) : undefined;
    case 'required':
      // Only calls of functions can be demanded.
      if (!hasFunctions) losses.lost('tool_choice');
      return hasFunctions ? calling({ mode: 'ANY' }) : undefined;
    case 'tool':
      if (!hasFunctions) losses.lost('tool_choice');
      return hasFunctions ? calling({ mode: 'ANY', allowedFunctionNames: [toolChoice.name] }) : undefined;
  }
}

function calling(config: JsonObject): JsonObject {
  return { functionCallingConfig: config };
}
