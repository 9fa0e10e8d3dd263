// Output items of tools that the provider runs, and items without a neutral form, as parts and back.
import type { ImagePart, OpaquePart, Part, ServerToolResultPart, ToolCallPart } from '../../model/content.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import { CODE_CALL, parseCodeCall } from './code-interpreter.ts';
import { MCP_CALL, parseMcpCall } from './mcp.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { ID } from './wire.ts';

/** Fields of a generated image that its source also has, or that only mark it as an image. */
const FORM_OF_IMAGE = ['type', 'id', 'status', 'output_format'];

export type HostedPart = ToolCallPart | ServerToolResultPart | ImagePart | OpaquePart;

/** A call that the provider answered itself, with its result if that has a neutral form. */
export function parseHostedItem(type: string, item: JsonObject): HostedPart[] {
  if (type === MCP_CALL) return parseMcpCall(item);
  return type === CODE_CALL ? parseCodeCall(item) : [parseItem(type, item)];
}

/** A call that the provider answered itself, a generated image, or an opaque part, which keeps the whole item. */
function parseItem(type: string, item: JsonObject): ToolCallPart | ImagePart | OpaquePart {
  switch (type) {
    case 'web_search_call':
      return call(item, 'web_search', asString(item.arguments) ?? JSON.stringify(item.action ?? {}));
    case 'file_search_call':
      return call(item, 'file_search', JSON.stringify({ queries: item.queries ?? [] }));
    case 'image_generation_call': {
      const data = asString(item.result);
      if (!data) return opaque(type, item);
      return {
        type: 'image',
        source: { kind: 'base64', mediaType: `image/${asString(item.output_format) ?? 'png'}`, data },
        extension: { dialect: ID, fields: withoutFields(item, ['result']), defaults: FORM_OF_IMAGE },
      };
    }
    default:
      return opaque(type, item);
  }
}

function call(item: JsonObject, name: string, args: string): ToolCallPart {
  return {
    type: 'tool-call',
    id: asString(item.id) ?? '',
    name,
    arguments: args,
    kind: 'server',
    extension: { dialect: ID, fields: item },
  };
}

function opaque(name: string, item: JsonObject): OpaquePart {
  return { type: 'opaque', dialect: ID, name, value: item };
}

/** The item from which the part was parsed; undefined if that was not an item of this dialect. */
export function hostedItemOf(part: Part): JsonObject | undefined {
  if (part.type === 'opaque') return part.dialect === ID ? asObject(part.value) : undefined;
  if (part.extension?.dialect !== ID) return undefined;
  const { fields } = part.extension;
  if (part.type === 'tool-call' && part.kind === 'server') return fields;
  if (part.type === 'image' && part.source.kind === 'base64' && fields.type === 'image_generation_call') {
    return { ...fields, result: part.source.data };
  }
  return undefined;
}
