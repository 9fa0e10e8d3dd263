// `tools` and `toolConfig` of a request. https://ai.google.dev/api/caching#Tool
import { asString, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { FunctionTool, ServerTool, Tool, WebSearch } from '../../model/request.ts';
import { allow, type Allowance } from '../shared/tools/allowed-tools.ts';
import { parseCodeExecution } from '../shared/code-execution.ts';
import { parsePageFetch } from '../shared/page-fetch.ts';
import { parseWebSearch } from '../shared/web-search.ts';
import { parseJsonSchema, parseSchema } from './parse-schema.ts';
import { invalid, requiredString } from '../shared/read-field.ts';
import { optionalObject, requiredObject } from './read-field.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { camelFields, dotted, extensionOf, ID, listOf } from './wire.ts';

/** An entry holds many functions, and a field for each tool that Google itself runs. */
export function parseTools(value: JsonValue | undefined): Tool[] {
  const tools: Tool[] = [];
  for (const [index, item] of listOf(value).entries()) {
    const path = `tools[${index}]`;
    for (const [name, definition] of Object.entries(requiredObject(item, path))) {
      if (name !== 'functionDeclarations') {
        const fields = { [name]: definition };
        const server: ServerTool = { type: 'server', name, definition: { dialect: ID, fields } };
        // `googleSearch`, `googleSearchRetrieval`, `enterpriseWebSearch`, in either spelling of names.
        if (/^(google|enterprise_?web)_?search/i.test(name)) server.search = parseSearch(definition);
        if (/^url_?context$/i.test(name)) server.fetch = parsePageFetch(definition);
        if (/^code_?execution$/i.test(name)) server.code = parseCodeExecution(definition);
        tools.push(server);
        continue;
      }
      for (const [place, declaration] of listOf(definition).entries()) {
        tools.push(parseFunction(declaration, `${path}.functionDeclarations[${place}]`));
      }
    }
  }
  return tools;
}

function parseSearch(definition: JsonValue | undefined): WebSearch {
  const { excludeDomains, ...settings } = isObject(definition) ? camelFields(definition) : {};
  const blocked = excludeDomains === undefined ? {} : { blocked_domains: excludeDomains };
  return parseWebSearch({ ...settings, ...blocked });
}

const FUNCTION_FIELDS = ['name', 'description', 'parameters', 'parametersJsonSchema'];

function parseFunction(value: JsonValue, path: string): FunctionTool {
  const declaration = requiredObject(value, path);
  const name = requiredString(declaration, 'name', `${path}.name`, 'name the function');
  const tool: FunctionTool = { type: 'function', name };
  const description = asString(declaration.description);
  if (description) tool.description = description;
  const { parameters, parametersJsonSchema } = declaration;
  if (isObject(parametersJsonSchema)) tool.parameters = parseJsonSchema(parametersJsonSchema);
  else if (isObject(parameters)) tool.parameters = parseSchema(parameters);
  else if (parametersJsonSchema !== undefined || parameters !== undefined) {
    throw invalid(`${path}.parameters`, 'must be an object that describes the arguments');
  }
  return { ...tool, ...extensionOf(withoutFields(declaration, FUNCTION_FIELDS)) };
}

/** By the numbers that clients of Google's RPC libraries send. */
const MODES = ['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'];

const CALLING = 'functionCallingConfig';

interface ToolConfig {
  choice: Allowance;
  /** Fields without a neutral form, by dotted path below the request. */
  others: JsonObject;
}

export function parseToolConfig(body: JsonObject, tools: readonly Tool[]): ToolConfig {
  const config = optionalObject(body, 'toolConfig') ?? {};
  const calling = optionalObject(config, CALLING, `toolConfig.${CALLING}`) ?? {};
  const mode = modeOf(calling.mode);
  const allowed = listOf(calling.allowedFunctionNames).filter((name) => typeof name === 'string');
  const kept = ['mode'];
  const choice = choiceOf(mode, allowed, tools);
  // In other modes the list has no effect.
  if (mode === 'ANY' || mode === 'VALIDATED') kept.push('allowedFunctionNames');
  const others = {
    ...dotted('toolConfig', withoutFields(config, [CALLING])),
    ...dotted(`toolConfig.${CALLING}`, withoutFields(calling, kept)),
  };
  // With a list, it is the only mode that restricts which functions may be called without requiring a call.
  if (mode === 'VALIDATED' && choice.allowedTools === undefined)
    Object.assign(others, { [`toolConfig.${CALLING}.mode`]: mode });
  return { choice, others };
}

function modeOf(mode: JsonValue | undefined): string | undefined {
  if (typeof mode === 'number') return MODES[mode];
  if (mode === undefined) return undefined;
  const name = asString(mode)?.toUpperCase();
  if (name !== undefined && MODES.includes(name)) return name;
  throw invalid(`toolConfig.${CALLING}.mode`, 'must be AUTO, ANY, NONE or VALIDATED');
}

/** What Google runs, which may be used whatever the mode of functions is. */
function servedOf(tools: readonly Tool[]): string[] {
  return tools.flatMap((tool) => (tool.type === 'server' ? [tool.name] : []));
}

function choiceOf(mode: string | undefined, allowed: string[], tools: readonly Tool[]): Allowance {
  switch (mode) {
    case 'AUTO':
      return { toolChoice: { type: 'auto' } };
    case 'NONE': {
      const served = servedOf(tools);
      return served.length === 0 ? { toolChoice: { type: 'none' } } : allow('auto', served, tools);
    }
    case 'VALIDATED':
    case 'ANY': {
      const type = mode === 'ANY' ? 'required' : 'auto';
      if (allowed.length === 0) return { toolChoice: { type } };
      // The list restricts only functions; tools that Google runs may be used in any case.
      const served = servedOf(tools);
      const isOne = type === 'required' && allowed.length === 1;
      return allow(type, isOne ? allowed : [...allowed, ...served], tools);
    }
    default:
      return {};
  }
}
