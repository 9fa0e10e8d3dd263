// A field that is null says nothing: servers written in Python send null for each optional field of their schema. Every
// recorded or documented answer is read as before with null for the fields that it lacks and others of its dialect have.
import { describe, expect, test } from 'bun:test';
import { encodeStreamed, encodeWhole } from '../../scripts/fidelity/probe-answer.ts';
import type { ANSWERS } from '../../scripts/fidelity/wires.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import { isObject, type JsonObject, type JsonValue, parseObject } from '../../src/model/json/json.ts';
import { unreadFields } from '../../src/dialects/shared/losses/unread-fields.ts';
import { createResponseCollector } from '../../src/model/replay.ts';
import { readEvents } from '../support/read-events.ts';
import { type Recording, recordings } from '../support/recordings.ts';
import { DOCUMENTED_ANSWERS } from './documented-answers.ts';
import { DOCUMENTED } from './documented-requests.ts';
import { streamOf } from './documented-streams.ts';

type Wire = keyof typeof ANSWERS;

const RECORDED_AS: Record<Wire, string> = {
  'anthropic-messages': 'anthropic-messages',
  'openai-chat': 'openai-chat',
  'openai-responses': 'openai-responses',
  gemini: 'gemini-generate',
  'ollama-chat': 'ollama-chat',
  'bedrock-converse': 'bedrock-converse',
};

/** Fields whose own fields are named by users and tools: null is a value there. */
const NAMED_BY_USERS = new Set([
  ...[
    'args',
    'arguments',
    'input',
    'properties',
    'schema',
    'parameters',
    'metadata',
    'logit_bias',
    'response',
  ],
]);

interface Said {
  name: string;
  /** One body where it is whole, else those of its events. */
  bodies: JsonObject[];
  /** The events' SSE names; undefined where it is whole. */
  events?: string[];
}

function answersOf(wire: Wire): Said[] {
  const recorded = recordings(RECORDED_AS[wire]).map(recordedAnswer);
  const documented = DOCUMENTED_ANSWERS[wire].flatMap((body, index) => {
    const events = streamOf(wire, body);
    return [
      { name: `documented ${index}, whole`, bodies: [body] },
      { name: `documented ${index}, streamed`, ...readable(events) },
    ];
  });
  return [...recorded, ...documented].filter(({ bodies }) => bodies.length > 0);
}

function recordedAnswer({ id, body, streamed }: Recording): Said {
  const text = new TextDecoder().decode(body).trim();
  if (!streamed) return { name: id, bodies: objectsOf([text]) };
  const unnamed = (data: string) => ({ event: '', data });
  if (text.startsWith('['))
    return {
      name: id,
      ...readable((JSON.parse(text) as unknown[]).map((each) => unnamed(JSON.stringify(each)))),
    };
  if (text.startsWith('{')) return { name: id, ...readable(text.split('\n').map(unnamed)) };
  return { name: id, ...readable(readEvents(body)) };
}

function readable(
  events: readonly { event: string; data: string }[],
): Pick<Required<Said>, 'bodies' | 'events'> {
  const kept = events.filter(({ data }) => parseObject(data) !== undefined);
  return { bodies: objectsOf(kept.map(({ data }) => data)), events: kept.map(({ event }) => event) };
}

function objectsOf(texts: readonly string[]): JsonObject[] {
  return texts.map(parseObject).filter((each) => each !== undefined);
}

/** Names of fields by the place of their object: a path without indices, with the types on the way. */
type Fields = Map<string, Set<string>>;

function placeOf(path: string, value: JsonObject): string {
  return typeof value.type === 'string' ? `${path}<${value.type}>` : path;
}

function collect(value: JsonValue | undefined, path: string, fields: Fields): void {
  if (Array.isArray(value)) for (const item of value) collect(item, `${path}[]`, fields);
  if (!isObject(value)) return;
  const place = placeOf(path, value);
  const names = fields.get(place) ?? new Set();
  fields.set(place, names);
  for (const [name, inner] of Object.entries(value)) {
    names.add(name);
    if (!NAMED_BY_USERS.has(name)) collect(inner, `${place}.${name}`, fields);
  }
}

function withNulls<T extends JsonValue | undefined>(value: T, path: string, fields: Fields): T {
  if (Array.isArray(value)) return value.map((item) => withNulls(item, `${path}[]`, fields)) as T;
  if (!isObject(value)) return value;
  const place = placeOf(path, value);
  const all: JsonObject = {};
  for (const [name, inner] of Object.entries(value))
    all[name] = NAMED_BY_USERS.has(name) ? inner : withNulls(inner, `${place}.${name}`, fields);
  for (const name of fields.get(place) ?? []) all[name] ??= null;
  return all as T;
}

/** What is read, what each client of another dialect would get of it, and the error in which reading ends, if any. */
function outcome(
  wire: Wire,
  bodies: readonly JsonObject[],
  events: readonly string[] | undefined,
): unknown[] {
  const side = PROVIDER_SIDES[wire];
  const outcomes: unknown[] = [];
  try {
    const collector = createResponseCollector();
    const [whole = {}] = bodies;
    if (events === undefined) {
      const error = side.errorInBody(whole);
      if (error !== undefined) throw error;
    } else {
      const sink = {
        push(event: Parameters<typeof collector.push>[0]) {
          outcomes.push(event);
          collector.push(event);
        },
      };
      const decoder = side.createStreamDecoder(sink);
      for (const [index, body] of bodies.entries())
        decoder.decode({ event: events[index] ?? '', data: JSON.stringify(body) });
      decoder.end();
    }
    const response = events === undefined ? side.parseResponse(whole) : collector.response();
    outcomes.push(response);
    const encode = events === undefined ? encodeWhole : encodeStreamed;
    for (const client of DIALECT_IDS) if (client !== wire) outcomes.push(encode(client, response));
  } catch (error) {
    outcomes.push(String(error));
  }
  return outcomes;
}

/** Without the nulls in what is kept as it came, and without ids that are made up from the bytes. */
function comparable(outcomes: unknown[]): unknown {
  const text = JSON.stringify(outcomes, (name, value: unknown) => {
    const object = name === 'arguments' ? (parseObject(String(value)) ?? value) : value;
    if (!isObject(object)) return object;
    return Object.fromEntries(Object.entries(object).filter(([, inner]) => inner !== null));
  });
  return JSON.parse(text.replace(/gcall-\w+-(\d+)/g, 'gcall-$1'));
}

for (const wire of Object.keys(RECORDED_AS) as Wire[]) {
  describe(`an answer in ${wire}`, () => {
    const answers = answersOf(wire);
    const fields: Fields = new Map();
    for (const { bodies } of answers) for (const body of bodies) collect(body, '', fields);

    test.each(answers.map((answer) => [answer.name, answer] as const))('%s', (_, { bodies, events }) => {
      const filled = bodies.map((body) => withNulls(body, '', fields));
      expect(comparable(outcome(wire, filled, events))).toEqual(comparable(outcome(wire, bodies, events)));
    });
  });
}

/** The request as it is read, the names of its fields that are not, and why it is refused. */
function readRequest(client: DialectId, body: JsonObject): unknown[] {
  const { parseRequest, known } = DIALECTS[client].client;
  const unread = unreadFields(body, known);
  try {
    return [unread, parseRequest(body, { operation: 'generate', model: 'some-model' })];
  } catch (error) {
    return [unread, String(error)];
  }
}

for (const client of DIALECT_IDS) {
  describe(`a request in ${client}`, () => {
    const recorded = recordings(RECORDED_AS[client]).flatMap(({ id, request }) =>
      request ? [{ id, request }] : [],
    );
    const requests = [
      ...recorded,
      ...DOCUMENTED[client].map((request, index) => ({ id: `documented ${index}`, request })),
    ].map(({ id, request }) => [id, { ...request, model: 'some-model' }] as const);
    const fields: Fields = new Map();
    for (const [, request] of requests) collect(request, '', fields);

    test.each(requests)('%s', (_, request) => {
      const filled = withNulls<JsonObject>(request, '', fields);
      expect(comparable(readRequest(client, filled))).toEqual(comparable(readRequest(client, request)));
    });
  });
}
