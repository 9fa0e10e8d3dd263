// `tools` and `tool_choice` of a request.

import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Extension } from '../../model/content.ts';
import type { Message, NeutralRequest, ServerTool, Tool } from '../../model/request.ts';
import { parseCodeExecution } from '../shared/code-execution.ts';
import { parsePageFetch } from '../shared/page-fetch.ts';
import { parseWebSearch } from '../shared/web-search.ts';
import { failRequest, requireObject, requireString } from './fields.ts';
import { functionOf } from './known-tools.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { optionalBoolean, optionalObject, optionalString } from '../shared/read-field.ts';
import { extensionOf, ID } from './wire.ts';

/** A tool without `type` (or with `custom`) is the client's own; any other type is run or defined by the provider. */
export function parseTool(value: JsonValue, path: string): Tool {
  const tool = requireObject(value, path, failRequest);
  const type = optionalString(tool, 'type', `${path}.type`);
  if (type !== undefined && type !== 'custom') {
    const name = asString(tool.name) ?? asString(tool.mcp_server_name) ?? type;
    const server: ServerTool = { type: 'server', name, definition: { dialect: ID, fields: tool } };
    const settings = withoutFields(tool, ['type', 'name', 'cache_control']);
    // `web_search_20250305` and its successors.
    if (type.startsWith('web_search')) server.search = parseWebSearch(settings);
    if (type.startsWith('web_fetch_')) server.fetch = parsePageFetch(settings);
    if (type.startsWith(CODE)) server.code = parseCodeExecution(withoutDirect(settings));
    const asFunction = functionOf(type, name, tool);
    if (asFunction !== undefined) server.asFunction = asFunction;
    return server;
  }
  const description = optionalString(tool, 'description', `${path}.description`);
  const parameters = optionalObject(tool, 'input_schema', `${path}.input_schema`);
  const strict = optionalBoolean(tool, 'strict', `${path}.strict`);
  const cacheControl = asObject(tool.cache_control);
  return {
    type: 'function',
    name: requireString(tool.name, `${path}.name`, failRequest),
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(strict === undefined ? {} : { strict }),
    ...(cacheControl === undefined ? {} : { cacheControl }),
    ...ownExtension(
      withoutFields(tool, ['type', 'name', 'description', 'input_schema', 'strict', 'cache_control']),
    ),
  };
}

/** `code_execution_20250825` and its successors. */
const CODE = 'code_execution_';

/** The tools; if the request names earlier containers, skills or files, the one that runs code is bound to them. */
export function withBoundCode(
  tools: Tool[],
  container: JsonValue | undefined,
  messages: readonly Message[],
): Tool[] {
  const runsCode = (tool: Tool): tool is ServerTool => tool.type === 'server' && tool.code !== undefined;
  if (!tools.some(runsCode)) return tools;
  const { id = container, skills } = asObject(container) ?? {};
  const isBound =
    typeof id === 'string' ||
    (asArray(skills) ?? []).length > 0 ||
    messages.some(({ parts }) => parts.some((part) => part.type === 'opaque' && part.name === UPLOAD));
  if (!isBound) return tools;
  return tools.map((tool) =>
    runsCode(tool) ? { ...tool, code: { others: [], ...tool.code, isBound: true } } : tool,
  );
}

/** A file that the code can read. */
const UPLOAD = 'container_upload';

/** A call by the model itself is the default. */
function withoutDirect({ allowed_callers: callers, ...settings }: JsonObject): JsonObject {
  const isDirect = Array.isArray(callers) && callers.every((caller) => caller === 'direct');
  return { ...settings, ...(!isDirect && { allowed_callers: callers }) };
}

/** Asks for arguments as soon as they are written, as all providers of other dialects send them, so that leaving it out loses nothing. */
const EAGER = 'eager_input_streaming';

function ownExtension(fields: JsonObject): { extension?: Extension } {
  const built = extensionOf(fields);
  if (built.extension !== undefined && EAGER in fields) built.extension.defaults = [EAGER];
  return built;
}

export function parseToolChoice(
  choice: JsonObject,
): Pick<NeutralRequest, 'toolChoice' | 'parallelToolCalls'> {
  const type = requireString(choice.type, 'tool_choice.type', failRequest);
  const path = 'tool_choice.disable_parallel_tool_use';
  const single = optionalBoolean(choice, 'disable_parallel_tool_use', path);
  const parallel = single === undefined ? {} : { parallelToolCalls: !single };
  switch (type) {
    case 'auto':
    case 'none':
      return { toolChoice: { type }, ...parallel };
    case 'any':
      return { toolChoice: { type: 'required' }, ...parallel };
    case 'tool': {
      const name = requireString(choice.name, 'tool_choice.name', failRequest);
      return { toolChoice: { type: 'tool', name }, ...parallel };
    }
    default:
      return failRequest('tool_choice.type', `"${type}" is not one of auto, any, tool, none`);
  }
}
