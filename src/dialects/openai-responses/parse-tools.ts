// `tools` and `tool_choice` of a request.
import {
  asArray,
  asBoolean,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import type { CustomTool, FunctionTool, ServerTool, Tool, ToolNamespace } from '../../model/request.ts';
import {
  invalid,
  nameType,
  optionalArray,
  optionalObject,
  optionalString,
  requiredObject,
  requiredString,
} from '../shared/read-field.ts';
import type { Extension } from '../../model/content.ts';
import { nestGrammar } from '../openai/free-text-format.ts';
import { parseCodeInterpreter } from '../shared/code-execution.ts';
import { allow, type Allowance, parseAllowedMode } from '../shared/tools/allowed-tools.ts';
import { parseWebSearch } from '../shared/web-search.ts';
import { MCP, parseMcpServer } from './mcp.ts';
import { flatName } from './namespace.ts';
import { parseSearchTool, TOOL_SEARCH } from './tool-search.ts';
import { isEmpty, withoutFields } from '../shared/own-fields.ts';
import { extensionOf, ID } from './wire.ts';

/** @param path of `tools`, for error messages. */
export function parseToolList(holder: JsonObject, path = 'tools'): Tool[] {
  return (optionalArray(holder, 'tools', path) ?? []).flatMap((value, index) =>
    parseTool(requiredObject(value, `${path}[${index}]`), `${path}[${index}]`),
  );
}

/** One tool, or all of a namespace. */
function parseTool(tool: JsonObject, path: string): Tool[] {
  const type = requiredString(tool, 'type', `${path}.type`, 'say `function`, `custom`, `web_search`…');
  switch (type) {
    case 'function':
      return [parseFunction(tool, path)];
    case 'custom':
      return [parseCustom(tool, path)];
    case 'namespace':
      return parseNamespace(tool, path);
    case TOOL_SEARCH:
      return [parseSearchTool(tool) ?? parseServer(tool, type)];
    default:
      return [parseServer(tool, type)];
  }
}

export const CODE_INTERPRETER = 'code_interpreter';

function parseServer(tool: JsonObject, type: string): ServerTool {
  const server: ServerTool = { type: 'server', name: type, definition: { dialect: ID, fields: tool } };
  if (type === CODE_INTERPRETER)
    return { ...server, code: parseCodeInterpreter(withoutFields(tool, ['type'])) };
  if (type === MCP) return { ...server, mcp: parseMcpServer(tool) };
  // `web_search`, `web_search_preview`, either with an optional date.
  if (!type.startsWith('web_search')) return server;
  const { type: _, filters, ...settings } = tool;
  return { ...server, search: parseWebSearch({ ...settings, ...asObject(filters) }) };
}

function parseNamespace(group: JsonObject, path: string): Tool[] {
  const name = requiredString(group, 'name', `${path}.name`, 'name the namespace');
  const description = optionalString(group, 'description', `${path}.description`);
  return parseToolList(group, `${path}.tools`).map((tool) => {
    if (tool.type === 'server') return tool;
    const namespace: ToolNamespace = { name, tool: tool.name };
    if (description !== undefined) namespace.description = description;
    return { ...tool, name: flatName(name, tool.name), namespace };
  });
}

function parseFunction(tool: JsonObject, path: string): FunctionTool {
  const name = requiredString(tool, 'name', `${path}.name`, 'name the function');
  const description = optionalString(tool, 'description', `${path}.description`);
  const declared = optionalObject(tool, 'parameters', `${path}.parameters`);
  const parameters = declared && withoutEncryption(declared);
  const strict = asBoolean(tool.strict);
  const known = ['type', 'name', 'description', 'parameters', 'strict'];
  return {
    type: 'function',
    name,
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parameters }),
    ...(strict !== undefined && { strict }),
    ...keptFields(
      withoutDefaults(withoutFields(tool, known)),
      parameters === declared ? undefined : declared,
    ),
  };
}

/**
 * The schema without the mark of arguments that OpenAI is to encrypt (Codex's messages between agents); the same object if it has none. No
 * other provider encrypts them, and OpenAI's models that do not refuse the mark. https://github.com/openai/codex/pull/26210
 */
function withoutEncryption(schema: JsonObject): JsonObject {
  const properties = Object.entries(asObject(schema.properties) ?? {});
  if (!properties.some(([, property]) => isEncrypted(property))) return schema;
  const plain = properties.map(([name, property]) => [
    name,
    isEncrypted(property) ? withoutFields(asObject(property) ?? {}, ['encrypted']) : property,
  ]);
  return { ...schema, properties: Object.fromEntries(plain) };
}

function isEncrypted(property: JsonValue | undefined): boolean {
  return asObject(property)?.encrypted === true;
}

/** @param parameters as declared; a provider of this dialect gets them in place of those that were read. */
function keptFields(fields: JsonObject, parameters: JsonObject | undefined): { extension?: Extension } {
  if (parameters === undefined) return extensionOf(fields);
  return { extension: { dialect: ID, fields: { ...fields, parameters }, defaults: ['parameters'] } };
}

function withoutDefaults(fields: JsonObject): JsonObject {
  const { defer_loading: deferred, ...rest } = fields;
  return deferred === true ? fields : rest;
}

function parseCustom(tool: JsonObject, path: string): CustomTool {
  const description = optionalString(tool, 'description', `${path}.description`);
  const format = optionalObject(tool, 'format', `${path}.format`);
  return {
    type: 'custom',
    name: requiredString(tool, 'name', `${path}.name`, 'name the tool'),
    ...(description !== undefined && { description }),
    ...(format !== undefined && { format: nestGrammar(format) }),
    ...extensionOf(withoutDefaults(withoutFields(tool, ['type', 'name', 'description', 'format']))),
  };
}

/** The neutral choice, or `unknown` for a form that only this dialect has. */
export function parseToolChoice(body: JsonObject, tools: readonly Tool[]): Allowance | 'unknown' | undefined {
  const choice = body.tool_choice;
  if (choice === undefined || choice === null) return undefined;
  if (typeof choice === 'string') {
    if (choice === 'auto' || choice === 'none' || choice === 'required')
      return { toolChoice: { type: choice } };
    throw invalid(
      'tool_choice',
      `\`${choice}\` is unknown; say \`auto\`, \`none\`, \`required\` or name a tool`,
    );
  }
  const form = asObject(choice);
  if (form === undefined)
    throw invalid('tool_choice', `must be a string or an object, not ${nameType(choice)}`);
  if (form.type === 'allowed_tools') return parseAllowed(form, tools);
  const { type, ...more } = form;
  if (type !== 'function' && type !== 'custom') {
    // A tool of the provider's own is named by its type.
    const hosted = tools.find((tool) => tool.type === 'server' && tool.name === type);
    const isNamed = hosted !== undefined && isEmpty(more);
    return isNamed ? { toolChoice: { type: 'tool', name: hosted.name } } : 'unknown';
  }
  return { toolChoice: { type: 'tool', name: nameOf(form, type, groupedNames(tools), 'tool_choice') } };
}

function parseAllowed(form: JsonObject, tools: readonly Tool[]): Allowance {
  const path = 'tool_choice.tools';
  const allowed = (optionalArray(form, 'tools', path) ?? []).map((value, index) =>
    requiredObject(value, `${path}[${index}]`),
  );
  const grouped = groupedNames(tools);
  const names = allowed.map((tool, index) => {
    const type = requiredString(tool, 'type', `${path}[${index}].type`, 'say `function`, `custom`…');
    const isOwn = type === 'function' || type === 'custom';
    return isOwn ? nameOf(tool, type, grouped, `${path}[${index}]`) : type;
  });
  return allow(parseAllowedMode(form, 'tool_choice.mode'), names, tools);
}

/** The allowed tools of MCP servers, a choice that only this dialect can express; undefined if there are none. */
export function allowedOfServers(choice: JsonValue | undefined): JsonObject[] | undefined {
  const form = asObject(choice);
  if (form?.type !== 'allowed_tools') return undefined;
  const allowed = (asArray(form.tools) ?? []).map((tool) => asObject(tool) ?? {});
  const ofServers = allowed.filter(({ type }) => type === MCP);
  return ofServers.length === 0 ? undefined : ofServers;
}

/** Names of tools within namespaces → neutral names; if several have the same name, the first counts. */
function groupedNames(tools: readonly Tool[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const tool of tools) {
    if (tool.type === 'server' || tool.namespace === undefined || tool.namespace.tool === tool.name) continue;
    if (!names.has(tool.namespace.tool)) names.set(tool.namespace.tool, tool.name);
  }
  return names;
}

/** The neutral name of the tool that `form` names. */
function nameOf(
  form: JsonObject,
  type: 'function' | 'custom',
  grouped: ReadonlyMap<string, string>,
  path: string,
): string {
  // The form of Chat Completions nests the name.
  const wanted =
    asString(asObject(form[type])?.name) ?? requiredString(form, 'name', `${path}.name`, 'name the tool');
  return grouped.get(wanted) ?? wanted;
}
