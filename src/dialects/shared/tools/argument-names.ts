// Argument names that a provider would refuse (`$filter`, `filter[id]`): the provider gets substitutes, and the client its own names back.
// Otherwise one such tool would cause every request to be refused, even if the tool is never called.
import type { Part } from '../../../model/content.ts';
import type { EventSink, StreamEvent } from '../../../model/events.ts';
import { argumentsToWrite } from '../../../model/json/exact-numbers.ts';
import { asArray, asObject, type JsonObject } from '../../../model/json/json.ts';
import type { Loss, NeutralRequest } from '../../../model/request.ts';
import type { ProviderSide, ToolNameRule } from '../../dialect.ts';
import { objectArguments } from './call-arguments.ts';
import { objectSchema } from '../schemas/object-schema.ts';
import { fits, standInFor } from './tool-names.ts';

/** A name → the name that replaces it. */
type Names = ReadonlyMap<string, string>;

interface FittedArguments {
  request: NeutralRequest;
  /** Tool → substitute → the client's name; empty if all names fit. */
  names: ReadonlyMap<string, Names>;
}

export function fitArgumentNames(request: NeutralRequest, rule: ToolNameRule | undefined): FittedArguments {
  const fitted = new Map<string, Names>();
  if (rule === undefined) return { request, names: fitted };
  const tools = request.tools.map((tool) => {
    if (tool.type !== 'function' || tool.parameters === undefined) return tool;
    // A choice among schemas becomes one object with the fields of all of them.
    const schema = objectSchema(tool.parameters);
    const substitutes = new Map<string, string>();
    // Only top-level arguments: providers do not check names nested in them.
    for (const name of Object.keys(asObject(schema.properties) ?? {}))
      if (name === '' || !fits(name, rule)) substitutes.set(name, standInFor(name, rule));
    if (substitutes.size === 0) return tool;
    fitted.set(tool.name, substitutes);
    return { ...tool, parameters: renamedSchema(schema, substitutes) };
  });
  if (fitted.size === 0) return { request, names: fitted };
  const messages = request.messages.map((message) => ({
    ...message,
    parts: message.parts.map((part) => renamedCall(part, fitted)),
  }));
  const names = new Map([...fitted].map(([tool, substitutes]) => [tool, inverse(substitutes)]));
  return { request: { ...request, tools, messages }, names };
}

/** The provider's side with the client's names in its answers; arguments of tools with substitutes are passed on when they are complete. */
export function restoreArgumentNames(side: ProviderSide, names: FittedArguments['names']): ProviderSide {
  if (names.size === 0) return side;
  return {
    ...side,
    parseResponse(body) {
      const response = side.parseResponse(body);
      return { ...response, parts: response.parts.map((part) => renamedCall(part, names, renamedBegun)) };
    },
    createStreamDecoder: (sink, quirks) => side.createStreamDecoder(new Restoring(sink, names), quirks),
  };
}

export function reportArgumentNames(losses: Loss[], names: FittedArguments['names']): Loss[] {
  if (names.size === 0 || losses.some(({ feature }) => feature === 'tools.parameters')) return losses;
  const how = 'arguments are named in a form that the provider takes; the client reads its own';
  return [...losses, { feature: 'tools.parameters', outcome: 'approximated', how }];
}

function renamedSchema(schema: JsonObject, names: Names): JsonObject {
  const properties = renamedFields(asObject(schema.properties) ?? {}, names);
  const required = asArray(schema.required);
  if (required === undefined) return { ...schema, properties };
  const renamed = required.map((name) => (typeof name === 'string' ? (names.get(name) ?? name) : name));
  return { ...schema, properties, required: renamed };
}

function renamedFields(fields: JsonObject, names: Names): JsonObject {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [names.get(name) ?? name, value]));
}

function renamedCall<Kind extends Part>(
  part: Kind,
  names: FittedArguments['names'],
  rename = renamedText,
): Kind {
  const own = part.type === 'tool-call' && part.kind === 'function' ? names.get(part.name) : undefined;
  if (own === undefined || part.type !== 'tool-call') return part;
  return { ...part, arguments: rename(part.arguments, own) };
}

/** Text that is not an object is left as it is. */
function renamedText(text: string, names: Names): string {
  const fields = argumentsToWrite(text);
  return fields === undefined ? text : JSON.stringify(renamedFields(fields, names));
}

/** A string that may be a substitute: rules for names allow no other characters. */
const PLAIN_STRING = /"([\w.-]+)"/g;

/** Like `renamedText`, for arguments that may be cut off. Searching them for substitutes is safe, since no other text looks like one. */
function renamedBegun(text: string, names: Names): string {
  if (argumentsToWrite(text) !== undefined) return renamedText(text, names);
  return text.replace(PLAIN_STRING, (string, substitute: string) => {
    const own = names.get(substitute);
    return own === undefined ? string : JSON.stringify(own);
  });
}

function inverse(names: Names): Names {
  return new Map([...names].map(([name, substitute]) => [substitute, name]));
}

/** Holds back the arguments of calls with substitutes until they are complete. */
class Restoring implements EventSink {
  private readonly sink: EventSink;
  private readonly names: FittedArguments['names'];
  /** By block. */
  private readonly held = new Map<number, { names: Names; text: string }>();

  constructor(sink: EventSink, names: FittedArguments['names']) {
    this.sink = sink;
    this.names = names;
  }

  push(event: StreamEvent): void {
    switch (event.type) {
      case 'tool-start': {
        const names = event.kind === 'function' ? this.names.get(event.name) : undefined;
        if (names !== undefined) this.held.set(event.block, { names, text: '' });
        break;
      }
      case 'tool-delta': {
        const call = this.held.get(event.block);
        if (call === undefined) break;
        call.text += event.arguments;
        return;
      }
      case 'tool-end':
        this.release(event.block);
        break;
      case 'finish':
      case 'error':
        for (const block of [...this.held.keys()]) this.release(block);
        break;
    }
    this.sink.push(event);
  }

  private release(block: number): void {
    const call = this.held.get(block);
    if (call === undefined) return;
    this.held.delete(block);
    if (call.text !== '')
      this.sink.push({
        type: 'tool-delta',
        block,
        arguments: renamedBegun(objectArguments(call.text), call.names),
      });
  }
}
