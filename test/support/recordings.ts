// Recorded provider exchanges as test input: the shared set where it is present, else the project's own.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { asObject, asString, type JsonObject, parseObject } from '../../src/model/json/json.ts';

export interface Recording {
  /** `<wire>/<provider>/<name>`: use it in test names. */
  id: string;
  wire: string;
  provider: string;
  name: string;
  meta: JsonObject;
  /** The request that was answered, where the source kept it. */
  request?: JsonObject;
  body: Uint8Array;
  /** The body is a stream. An error to a streaming request is not. */
  streamed: boolean;
  /** The request asked for a stream. */
  streamRequested: boolean;
  status: number;
  contentType: string;
  /** How faithful the bytes are; only `exact` ones are byte for byte what the provider sent. */
  framing: string;
  features: string[];
}

export interface RecordingFilter {
  streamed?: boolean;
  framing?: string;
  status?: number | 'ok' | 'error';
  provider?: string;
  /** Every one of these must be among the features. */
  features?: string[];
}

const PROJECT_ROOT = resolve(import.meta.dir, '..', '..');
const OWN_SET = join(PROJECT_ROOT, 'test', 'recordings');

const CONTENT_TYPES: Record<string, string> = {
  'response.sse': 'text/event-stream; charset=utf-8',
  'response.json': 'application/json',
  'response.ndjson': 'application/x-ndjson',
  'response.eventstream.bin': 'application/vnd.amazon.eventstream',
};

const loaded = new Map<string, readonly Recording[]>();
let chosenRoot: string | undefined;

/** Where the recordings are read from; says so on stderr, once, when it is not the shared set. */
function recordingsRoot(): string {
  if (chosenRoot !== undefined) return chosenRoot;
  const shared = process.env.SLUICE_RECORDINGS ?? join(PROJECT_ROOT, '..', 'shared', 'recordings');
  chosenRoot = existsSync(shared) ? resolve(shared) : OWN_SET;
  if (chosenRoot === OWN_SET) {
    console.error('recordings: the shared set is absent, using the hand-written one in test/recordings');
  }
  return chosenRoot;
}

export function usesSharedRecordings(): boolean {
  return recordingsRoot() !== OWN_SET;
}

/** All recordings of one wire format that pass the filter, in a stable order. Throws where there is no such format. */
export function recordings(wire: string, filter: RecordingFilter = {}): Recording[] {
  return load(recordingsRoot(), wire).filter((recording) => passes(recording, filter));
}

/** The project's own recordings, whether or not the shared set is present. */
export function ownRecordings(wire: string, filter: RecordingFilter = {}): Recording[] {
  return load(OWN_SET, wire).filter((recording) => passes(recording, filter));
}

export function findRecording(id: string): Recording | undefined {
  const wire = id.slice(0, id.indexOf('/'));
  return load(recordingsRoot(), wire).find((recording) => recording.id === id);
}

/** The body of a whole answer, or of an error, as JSON. */
export function answerObject({ id, body }: Recording): JsonObject {
  const answer = parseObject(new TextDecoder().decode(body));
  if (answer === undefined) throw new Error(`${id} is not a JSON object`);
  return answer;
}

/** Response headers as recorded, without those that belong to the recorded connection. */
export function recordedHeaders(recording: Recording): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(asObject(recording.meta.responseHeaders) ?? {})) {
    const lower = name.toLowerCase();
    if (!CONNECTION_HEADERS.has(lower) && typeof value === 'string') headers[lower] = value;
  }
  headers['content-type'] = recording.contentType;
  return headers;
}

const CONNECTION_HEADERS = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
  'vary',
]);

function passes(recording: Recording, filter: RecordingFilter): boolean {
  if (filter.streamed !== undefined && recording.streamed !== filter.streamed) return false;
  if (filter.framing !== undefined && recording.framing !== filter.framing) return false;
  if (filter.provider !== undefined && recording.provider !== filter.provider) return false;
  if (filter.features?.some((feature) => !recording.features.includes(feature))) return false;
  const isOk = recording.status < 400;
  if (filter.status === 'ok') return isOk;
  if (filter.status === 'error') return !isOk;
  return filter.status === undefined || recording.status === filter.status;
}

function load(root: string, wire: string): readonly Recording[] {
  const key = `${root}\n${wire}`;
  const known = loaded.get(key);
  if (known !== undefined) return known;
  // A name that is misspelt would be a test of nothing.
  if (![root, OWN_SET].some((each) => existsSync(join(each, wire))))
    throw new Error(`there are no recordings of "${wire}"`);
  const found: Recording[] = [];
  for (const provider of folders(join(root, wire))) {
    for (const name of folders(join(root, wire, provider))) {
      found.push(readRecording(root, wire, provider, name));
    }
  }
  loaded.set(key, found);
  return found;
}

function folders(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function readRecording(root: string, wire: string, provider: string, name: string): Recording {
  const id = `${wire}/${provider}/${name}`;
  const folder = join(root, wire, provider, name);
  const meta = readObject(join(folder, 'meta.json'));
  if (meta === undefined) throw new Error(`recording ${id}: meta.json is missing or not an object`);
  const file = asString(meta.responseFile) ?? readdirSync(folder).find((each) => each in CONTENT_TYPES);
  if (file === undefined) throw new Error(`recording ${id}: no response file`);
  const request = readObject(join(folder, 'request.json'));
  const headers = asObject(meta.responseHeaders) ?? {};
  return {
    id,
    wire,
    provider,
    name,
    meta,
    ...(request === undefined ? {} : { request }),
    body: new Uint8Array(readFileSync(join(folder, file))),
    streamed: meta.streamed === true,
    streamRequested: meta.streamRequested === true,
    status: typeof meta.status === 'number' ? meta.status : 200,
    contentType: asString(headers['content-type']) ?? CONTENT_TYPES[file] ?? 'application/octet-stream',
    framing: asString(meta.framing) ?? 'unknown',
    features: Array.isArray(meta.features) ? meta.features.filter((each) => typeof each === 'string') : [],
  };
}

function readObject(path: string): JsonObject | undefined {
  if (!existsSync(path)) return undefined;
  return parseObject(readFileSync(path, 'utf8'));
}
