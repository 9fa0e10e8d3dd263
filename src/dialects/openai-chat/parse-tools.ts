// `tools`, legacy `functions`, `tool_choice` and legacy `function_call` of a request.
import { asBoolean, asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { Extension } from '../../model/content.ts';
import type { FunctionTool, ServerTool, Tool } from '../../model/request.ts';
import {
  invalid,
  nameType,
  optionalArray,
  optionalObject,
  requiredObject,
  requiredString,
} from '../shared/read-field.ts';
import { allow, type Allowance, parseAllowedMode } from '../shared/tools/allowed-tools.ts';
import { parseWebSearch } from '../shared/web-search.ts';
import { breakpointOf } from './breakpoint-field.ts';
import { ID } from './wire.ts';

export function parseTools(body: JsonObject): Tool[] {
  const tools = (optionalArray(body, 'tools') ?? []).flatMap((value, index) => {
    const path = `tools[${index}]`;
    const tool = requiredObject(value, path);
    return parseGoogleTools(tool) ?? [parseTool(tool, path)];
  });
  const functions = (optionalArray(body, 'functions') ?? []).map((declared, index): FunctionTool => {
    const path = `functions[${index}]`;
    return { ...parseFunction(requiredObject(declared, path), path), legacy: true };
  });
  return [...tools, ...functions, ...parseSearchOptions(body)];
}

function parseTool(tool: JsonObject, path: string): Tool {
  const type = asString(tool.type) ?? (tool.function === undefined ? undefined : 'function');
  if (type === undefined) throw invalid(`${path}.type`, 'is missing; say `function`');
  if (type === 'function') {
    const parsed = parseFunction(requiredObject(tool.function, `${path}.function`), `${path}.function`);
    const cacheControl = breakpointOf(tool) ?? breakpointOf(asObject(tool.function) ?? {});
    return cacheControl === undefined ? parsed : { ...parsed, cacheControl };
  }
  if (type === 'custom') {
    const custom = requiredObject(tool.custom, `${path}.custom`);
    const description = asString(custom.description);
    const format = asObject(custom.format);
    return {
      type: 'custom',
      name: requiredString(custom, 'name', `${path}.custom.name`, 'name the tool'),
      ...(description !== undefined && { description }),
      ...(format !== undefined && { format }),
    };
  }
  // Tools that the server runs have types of their own (`openrouter:web_search`, `web_search`…).
  const server: ServerTool = {
    type: 'server',
    name: type,
    definition: { dialect: ID, fields: tool },
  };
  // Each server has its own name: `web_search`, `openrouter:web_search`, `browser_search`.
  if (/(^|:)(web|browser)_search/.test(type)) server.search = parseWebSearch(asObject(tool.parameters) ?? {});
  return server;
}

/** Gemini's tools under the names of its own API, e.g. `{googleSearch: {}}`. https://docs.litellm.ai/docs/providers/gemini */
export const GOOGLE_TOOLS = [
  ...[
    'googleSearch',
    'googleSearchRetrieval',
    'enterpriseWebSearch',
    'urlContext',
    'codeExecution',
    'googleMaps',
  ],
  ...['google_search', 'google_search_retrieval', 'enterprise_web_search', 'url_context', 'code_execution'],
  'google_maps',
];

/** Undefined for other tools. */
function parseGoogleTools(tool: JsonObject): ServerTool[] | undefined {
  const entries = Object.entries(tool);
  if (entries.length === 0 || !entries.every(([name]) => GOOGLE_TOOLS.includes(name))) return undefined;
  return entries.map(([name, settings]) => {
    const server: ServerTool = {
      type: 'server',
      name,
      definition: { dialect: 'gemini', fields: { [name]: settings } },
    };
    if (/search/i.test(name)) server.search = parseWebSearch(asObject(settings) ?? {});
    return server;
  });
}

/** For models that always search; the field only says how. */
export const SEARCH_OPTIONS = 'web_search_options';

function parseSearchOptions(body: JsonObject): ServerTool[] {
  const options = optionalObject(body, SEARCH_OPTIONS);
  if (options === undefined) return [];
  const definition: Extension = { dialect: ID, fields: { [SEARCH_OPTIONS]: options } };
  return [{ type: 'server', name: SEARCH_OPTIONS, definition, search: parseWebSearch(options) }];
}

function parseFunction(declared: JsonObject, path: string): FunctionTool {
  const tool: FunctionTool = {
    type: 'function',
    name: requiredString(declared, 'name', `${path}.name`, 'name the function'),
  };
  const description = asString(declared.description);
  const parameters = optionalObject(declared, 'parameters', `${path}.parameters`);
  const strict = asBoolean(declared.strict);
  if (description !== undefined) tool.description = description;
  if (parameters !== undefined) tool.parameters = parameters;
  if (strict !== undefined) tool.strict = strict;
  return tool;
}

/** The neutral choice, or `unknown` for a form that only this dialect has. */
export function parseToolChoice(body: JsonObject, tools: readonly Tool[]): Allowance | 'unknown' | undefined {
  const field = body.tool_choice === undefined || body.tool_choice === null ? 'function_call' : 'tool_choice';
  const choice = body[field];
  if (choice === undefined || choice === null) return undefined;
  if (typeof choice === 'string') {
    switch (choice) {
      case 'auto':
        return { toolChoice: { type: 'auto' } };
      case 'none':
        return { toolChoice: { type: 'none' } };
      case 'required':
      case 'any':
        return { toolChoice: { type: 'required' } };
      default:
        throw invalid(field, `\`${choice}\` is unknown; say \`auto\`, \`none\`, \`required\` or name a tool`);
    }
  }
  const form = asObject(choice);
  if (form === undefined) throw invalid(field, `must be a string or an object, not ${nameType(choice)}`);
  if (field === 'function_call') {
    const name = requiredString(form, 'name', 'function_call.name', 'name the function');
    return { toolChoice: { type: 'tool', name } };
  }
  const type = asString(form.type);
  if (type === 'allowed_tools') return parseAllowed(form, tools);
  if (type !== undefined && type !== 'function' && type !== 'custom') return 'unknown';
  const named = type === 'custom' ? 'custom' : 'function';
  const target = requiredObject(form[named], `tool_choice.${named}`);
  const name = requiredString(target, 'name', `tool_choice.${named}.name`, 'name the tool');
  return { toolChoice: { type: 'tool', name } };
}

function parseAllowed(form: JsonObject, tools: readonly Tool[]): Allowance {
  const path = 'tool_choice.allowed_tools';
  const allowed = requiredObject(form.allowed_tools, path);
  const names = (optionalArray(allowed, 'tools', `${path}.tools`) ?? []).map((value, index) => {
    const place = `${path}.tools[${index}]`;
    const tool = requiredObject(value, place);
    const type = asString(tool.type) ?? 'function';
    const named = asObject(tool[type]);
    // A server's tool is named by its type.
    if (named === undefined && type !== 'function' && type !== 'custom') return type;
    return requiredString(named ?? tool, 'name', `${place}.${type}.name`, 'name the tool');
  });
  return allow(parseAllowedMode(allowed, `${path}.mode`), names, tools);
}
