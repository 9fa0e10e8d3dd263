// Every recorded request: the same after parse and build, and the same neutral request again.
import { describe, expect, test } from 'bun:test';
import type { ClientRoute } from '../../../src/dialects/dialect.ts';
import { gemini } from '../../../src/dialects/gemini/index.ts';
import {
  asArray,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../../src/model/json/json.ts';
import { findRecording, type Recording, recordings } from '../../support/recordings.ts';

const { client, provider } = gemini;
const ROUTE: ClientRoute = { operation: 'generate', model: 'gemini-2.5-flash', stream: false };

function routeOf({ meta }: Recording): ClientRoute {
  const model = /models\/([\w.-]+):/.exec(asString(meta.url) ?? '')?.[1];
  return model === undefined ? ROUTE : { ...ROUTE, model };
}

/** What users name themselves and servers leave as it is. */
const THEIRS = new Set(['args', 'response', 'parametersJsonSchema', 'responseJsonSchema', 'responseSchema']);

/** One spelling of the many: camelCase, lists, no nulls, no defaults. */
function spelled(value: JsonValue | undefined): JsonValue {
  if (Array.isArray(value)) return value.map(spelled);
  if (!isObject(value)) return value ?? null;
  const fields: JsonObject = {};
  for (const [name, field] of Object.entries(value)) {
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (field === null || field === undefined) continue;
    fields[camel] = THEIRS.has(camel) || camel === 'parameters' ? field : spelled(field);
  }
  return fields;
}

const TYPES = [null, 'string', 'number', 'integer', 'boolean', 'array', 'object'];

/** A schema in either form, as JSON Schema. */
function schemaMeaning(value: JsonValue | undefined): unknown {
  if (Array.isArray(value)) return value.map(schemaMeaning);
  if (!isObject(value)) return value;
  const { propertyOrdering: _, property_ordering: __, $schema: ___, ...fields } = value;
  const meaning: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (name === 'type')
      meaning.type = typeof field === 'number' ? TYPES[field] : String(field).toLowerCase();
    else if (name === 'required' && asArray(field)?.length === 0) continue;
    else if (name === 'properties' && isObject(field)) {
      meaning.properties = Object.fromEntries(
        Object.entries(field).map(([key, property]) => [key, schemaMeaning(property)]),
      );
    } else meaning[name] = schemaMeaning(field);
  }
  return meaning;
}

/** No arguments can be said with and without a schema. */
function parametersMeaning(declaration: JsonObject): unknown {
  const schema = asObject(declaration.parametersJsonSchema) ?? asObject(declaration.parameters);
  return Object.keys(asObject(schema?.properties) ?? {}).length === 0 ? undefined : schemaMeaning(schema);
}

function partsOf(content: JsonObject): JsonObject[] {
  return (asArray(content.parts) ?? [content.parts]).filter(isObject).flatMap((part): JsonObject[] => {
    const { thought, ...rest } = part;
    if (rest.text === '' && rest.thoughtSignature === undefined) return [];
    return [thought === true ? part : rest];
  });
}

/** RubyLLM's and Pydantic AI's forms of a plain result, in Google's. */
function resultMeaning(part: JsonObject): JsonObject {
  const result = asObject(part.functionResponse);
  const { name, content, return_value: returned, ...others } = asObject(result?.response) ?? {};
  const texts = (asArray(content) ?? []).map((item) => asString(asObject(item)?.text));
  const isPlain = name === result?.name && texts.length > 0;
  const output = isPlain ? texts.join('\n\n') : returned;
  if (Object.keys(others).length > 0 || typeof output !== 'string') return part;
  return { ...part, functionResponse: { ...result, response: { output } } };
}

/** What a request means. */
function meaning(body: JsonObject) {
  const wire = spelled(body) as JsonObject;
  const config = { ...asObject(wire.generationConfig) };
  const tools = (asArray(wire.tools) ?? []).filter(isObject);
  const thinking = asObject(config.thinkingConfig);
  if (config.candidateCount === 1) delete config.candidateCount;
  if (config.responseLogprobs === false) delete config.responseLogprobs;
  if (JSON.stringify(config.responseModalities) === '["TEXT"]') delete config.responseModalities;
  const schema = config.responseJsonSchema ?? config.responseSchema;
  for (const name of ['responseJsonSchema', 'responseSchema', 'thinkingConfig']) delete config[name];
  return {
    contents: (asArray(wire.contents) ?? []).filter(isObject).map((content) => ({
      role: content.role,
      parts: partsOf(content).map(resultMeaning),
    })),
    system: partsOf(asObject(wire.systemInstruction) ?? {}),
    functions: tools
      .flatMap((tool) => asArray(tool.functionDeclarations) ?? [])
      .filter(isObject)
      .map(({ name, description, responseJsonSchema, ...rest }) => ({
        name,
        description: description || undefined,
        responseJsonSchema,
        parameters: parametersMeaning(rest),
      })),
    serverTools: tools.flatMap(({ functionDeclarations: _, ...rest }) => Object.entries(rest)),
    toolConfig: asObject(wire.toolConfig),
    schema: schemaMeaning(schema),
    thinking: thinking && { includeThoughts: false, ...thinking },
    config,
    safetySettings: asArray(wire.safetySettings)?.length ? wire.safetySettings : undefined,
    cachedContent: wire.cachedContent,
    modelArmorConfig: wire.modelArmorConfig,
  };
}

// A recorded error shows how a server refuses a role that it does not know; so do we.
const INVALID_ROLE = 'gemini-generate/vertex/otel-test-generate-content-invalid-role';

const requests = recordings('gemini-generate').flatMap((recording) =>
  recording.request === undefined || recording.id === INVALID_ROLE
    ? []
    : [[recording.id, recording.request, routeOf(recording)] as const],
);

test('there are recorded requests', () => {
  expect(requests.length).toBeGreaterThan(0);
});

test('a recorded request that its server refused is refused', () => {
  const body = findRecording(INVALID_ROLE)?.request;
  if (body !== undefined) {
    expect(() => client.parseRequest(body, ROUTE)).toThrow('contents[0].role: must be `user` or `model`');
  }
});

describe.each(requests)('%s', (_, body, route) => {
  const request = client.parseRequest(body, route);
  const built = provider.buildRequest(request, { model: request.model, quirks: {} });

  test('means the same after parse and build', () => {
    expect(meaning(built.body)).toEqual(meaning(body));
  });

  test('is the same neutral request again', () => {
    expect(client.parseRequest(built.body, route)).toEqual(request);
  });

  test('loses nothing', () => {
    expect(built.losses).toEqual([]);
  });
});
