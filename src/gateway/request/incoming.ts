// Reads a client's request: its body, the extras meant for the gateway, and what routing needs.
import type { ClientRoute, ClientSide, ClientTraits } from '../../dialects/dialect.ts';
import type { OpenedRequest, UnwrappedRequest } from '../../dialects/envelope.ts';
import type { FoundRoute } from '../../dialects/find-route.ts';
import { formsOf } from '../../dialects/registry.ts';
import type { DialectId } from '../../model/dialect-id.ts';
import { GatewayError } from '../../model/errors.ts';
import type { HeaderList } from '../../model/header-list.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { asString, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { readJson } from '../../model/json/exact-numbers.ts';
import { editTopLevel } from '../../model/json/edit.ts';
import { findJsonFault } from '../../model/json/fault.ts';
import { tooDeep, withinStack } from './nesting.ts';
import type { NeutralRequest } from '../../model/request.ts';

export interface Incoming {
  /** The dialect of the path, and of the answer. */
  dialect: DialectId;
  /** The dialect of the body, which differs from the path's for some clients. */
  asks: DialectId;
  route: ClientRoute;
  headers: HeaderReader;
  /** Set where the client wraps the dialect: the request in the form that the envelope's vendor takes. */
  enveloped?: EnvelopedRequest;
  /** `?beta=true` and the like, with the question mark; '' where there is none. */
  query: string;
  /** The body without the fields meant for the gateway, in the dialect's form; otherwise byte for byte what the client sent. */
  text: string;
  body: JsonObject;
  /** What the client sent, in the form of the dialect's own path: with the path's model, and outside of any envelope. */
  original: string;
  model: string;
  stream: boolean;
  agentType: string | null;
  projectId: string | null;
  forcedTarget: string | null;
  /** How the client differs from others of its dialect. */
  traits: ClientTraits;
}

export interface EnvelopedRequest {
  /** Without the fields meant for the gateway. */
  text: string;
  /** The headers that ask for what only that vendor offers. */
  headers: HeaderList;
  /** What its body asks for and the dialect has no place for. */
  lost: readonly string[];
}

const TARGET_HEADER = 'x-sluice-target';

/** Fields of the body that are the gateway's, not the provider's. */
const EXTRA_FIELDS = ['agent_type', 'project_id'] as const;

/** In characters; ARNs of inference profiles are the longest in use. Each row and each aggregate keeps these names. */
export const LONGEST_MODEL = 1024;
const LONGEST_LABEL = 256;

export type Labels = Pick<Incoming, 'agentType' | 'projectId'>;

/** The body as it was sent. */
export interface SentBody {
  text: string;
  body: JsonObject;
}

/** Throws GatewayError `invalid_request` for a text that is no JSON object. */
export function parseSent(text: string): SentBody {
  return { text, body: parseBody(text) };
}

/** Throws GatewayError `invalid_request` that says what is wrong with the body. @param sent is modified. */
export function parseIncoming(
  { dialect, route }: FoundRoute,
  given: HeaderReader,
  query: string,
  sent: SentBody,
  labels: Labels,
): Incoming {
  const { body, text: original, headers, vendorHeaders, lost } = readSent(route, given, sent);
  const model = route.model ?? body.model;
  if (typeof model !== 'string' || model === '') {
    throw new GatewayError('invalid_request', 'model: a non-empty string is required, e.g. "simulator/demo"');
  }
  if (model.length > LONGEST_MODEL) throw tooLong('model', model, LONGEST_MODEL);
  const stream = route.stream ?? body.stream ?? route.streamsByDefault ?? false;
  if (typeof stream !== 'boolean') {
    throw new GatewayError('invalid_request', 'stream: must be true or false');
  }
  const agentType = labels.agentType ?? bounded('agent_type', extra(body, 'agent_type'));
  const projectId = labels.projectId ?? bounded('project_id', extra(body, 'project_id'));
  const other = route.operation === 'generate' ? dialect.client.readForeignForm?.(body) : undefined;
  const extras: Record<string, undefined> = {};
  for (const field of EXTRA_FIELDS) if (Object.hasOwn(body, field)) extras[field] = undefined;
  const text = edited(original, body, { ...other?.edits, ...extras });
  return {
    dialect: dialect.id,
    asks: other?.dialect ?? dialect.id,
    route,
    headers,
    ...(vendorHeaders !== undefined && {
      enveloped: { text: editTopLevel(sent.text, extras), headers: vendorHeaders, lost },
    }),
    query: route.ownsQuery === true ? '' : query,
    text,
    body,
    original,
    model,
    stream,
    agentType,
    projectId,
    forcedTarget: forcedTargetIn(headers),
    traits: dialect.client.traitsOf?.(given, body) ?? {},
  };
}

/** The target that the header names; null where there is none. */
export function forcedTargetIn(headers: HeaderReader): string | null {
  return textOf(headers.get(TARGET_HEADER));
}

/** Throws GatewayError `invalid_request` naming the field that is missing or wrong. */
export function parseAsked({ asks, body, route, headers }: Incoming): NeutralRequest {
  return formsOf(asks, route.operation).parseRequest(body, route, headers);
}

/** A request as clients of the dialect's own path send it. */
interface OwnRequest
  extends UnwrappedRequest,
    Pick<Incoming, 'body' | 'headers'>,
    Pick<OpenedRequest, 'vendorHeaders'> {}

function readSent(
  { envelope, modelForBody: model }: ClientRoute,
  headers: HeaderReader,
  sent: SentBody,
): OwnRequest {
  let { text, body } = sent;
  let lost: readonly string[] = [];
  const { unwrap } = envelope ?? {};
  if (unwrap !== undefined) {
    const extras = takeExtras(body);
    ({ text, lost } = withinStack(() => unwrap(sent.body)));
    body = Object.assign(parseBody(text), extras);
  }
  const opened = envelope?.open(body, headers);
  const edits = { ...opened?.edits, ...(model !== undefined && body.model !== model && { model }) };
  return { headers, ...opened, body, text: edited(text, body, edits), lost };
}

/** Removes the fields that are meant for the gateway, and returns them. */
function takeExtras(body: JsonObject): JsonObject {
  const extras: JsonObject = {};
  for (const field of EXTRA_FIELDS) {
    const value = body[field];
    if (value !== undefined) extras[field] = value;
    delete body[field];
  }
  return extras;
}

/** @param body the parsed text; it is modified too. */
function edited(text: string, body: JsonObject, edits: Record<string, JsonValue | undefined>): string {
  for (const [field, value] of Object.entries(edits)) {
    if (value === undefined) delete body[field];
    else body[field] = value;
  }
  return editTopLevel(text, edits);
}

/** The features that the client requests in headers, by names in lower case; null where there are none. */
export function featuresIn(
  headers: HeaderReader,
  { featureHeaders = [] }: Pick<ClientSide, 'featureHeaders'>,
): Record<string, string> | null {
  let found: Record<string, string> | null = null;
  for (const name of [TARGET_HEADER, ...featureHeaders]) {
    const value = headers.get(name);
    if (value === null) continue;
    found ??= {};
    found[name] = value;
  }
  return found;
}

/**
 * The labels in the headers, which are known before the body. Throws `invalid_request` for names that are too long.
 * @param project that of the presented key, which nothing in the request can override.
 */
export function readLabels(headers: HeaderReader, project: string | null): Labels {
  return {
    agentType: bounded('agent_type', textOf(headers.get('x-sluice-agent'))),
    projectId: project ?? bounded('project_id', textOf(headers.get('x-sluice-project'))),
  };
}

function parseBody(text: string): JsonObject {
  let value: unknown;
  try {
    value = readJson(text);
  } catch (thrown) {
    const known = tooDeep(thrown);
    if (known !== undefined) throw known;
    const what = text.trim() === '' ? 'is empty' : `is not JSON${whyNot(text, thrown)}`;
    throw new GatewayError('invalid_request', `the body ${what}; send one JSON object`);
  }
  if (!isObject(value)) throw new GatewayError('invalid_request', 'the body must be one JSON object');
  return value;
}

/** The beginning of a message that quotes nothing, except a single character such as an expected brace, or `('')`. */
const NOTHING_QUOTED = /^(?:\('\)|[^'"`]|'[^\w\s]')*/;

/** Where and why parsing failed, without what parsers quote from the text: part of a key would not be recognized as a secret. */
function whyNot(text: string, thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message.replace(/^JSON Parse error: /, '') : '';
  const reason = NOTHING_QUOTED.exec(message)?.[0].trim() ?? '';
  const fault = findJsonFault(text);
  const place =
    fault && `${fault.isEnd ? 'it ends too early, at ' : ''}line ${fault.line}, column ${fault.column}`;
  const details = [place, reason].filter(Boolean).join(': ');
  return details === '' ? '' : ` (${details})`;
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true });

/** Decodes a header as UTF-8, which clients use for names that are not ASCII: a header's bytes arrive as one character each. */
function textOf(field: string | null): string | null {
  if (field === null || !/[\x80-\xff]/.test(field)) return field;
  try {
    return strictDecoder.decode(Uint8Array.from(field, (byte) => byte.charCodeAt(0)));
  } catch {
    return field;
  }
}

function extra(body: JsonObject, field: string): string | null {
  const value = body[field];
  if (value === undefined || value === null) return null;
  const text = asString(value);
  if (text === undefined) throw new GatewayError('invalid_request', `${field}: must be a string`);
  return text;
}

function bounded(field: string, name: string | null): string | null {
  if (name !== null && name.length > LONGEST_LABEL) throw tooLong(field, name, LONGEST_LABEL);
  return name;
}

function tooLong(field: string, name: string, longest: number): GatewayError {
  return new GatewayError(
    'invalid_request',
    `${field}: a name of ${name.length} characters; send ${longest} at most`,
  );
}
