// Parts of a request's contents → neutral parts. https://ai.google.dev/api/caching#Part
import type { MediaSource, OpaquePart, Part, ReasoningPart, ToolResultContent } from '../../model/content.ts';
import { asString, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { exactText } from '../../model/json/exact-numbers.ts';
import type { CallMatcher } from '../shared/tools/call-matcher.ts';
import { standardBase64 } from '../shared/media/standard-base64.ts';
import { isVideoPage } from '../shared/media/video-page.ts';
import { isGoogleFile, mediaPart } from './media.ts';
import { readResponse } from './read-response.ts';
import { invalid, optionalString, requiredString } from '../shared/read-field.ts';
import { requiredObject } from './read-field.ts';
import { serverCall, serverResult } from './server-tools.ts';
import { signatureFromClient, signaturesOf, thoughtFromClient } from './signature.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { extensionOf, ID, listOf } from './wire.ts';

const KNOWN = [
  ...['text', 'thought', 'thoughtSignature', 'inlineData', 'fileData', 'functionCall', 'functionResponse'],
  ...['executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'],
];

/** Another provider's thought, contained in the signature of the part that carries it. */
export interface CarriedThought {
  type: 'carried-thought';
  thought: ReasoningPart;
  /** Whether another part carries it: the thought stood before that part, and before the text around it. */
  isMoved: boolean;
}

/**
 * Usually one neutral part; more if a signature seals a part that has no place for it, or brings thoughts along; none for an empty one.
 * @param path of the part, e.g. `contents[0].parts[2]`.
 */
export function parsePart(value: JsonValue, path: string, calls: CallMatcher): (Part | CarriedThought)[] {
  const part = requiredObject(value, path);
  const isMoved = part.thought !== true && part.text !== '';
  const carried: CarriedThought[] = [];
  const ofPart: string[] = [];
  for (const signature of signaturesOf(part)) {
    const thought = thoughtFromClient(signature);
    if (thought === undefined) ofPart.push(signature);
    else carried.push({ type: 'carried-thought', thought, isMoved });
  }
  // A call's own signature comes last.
  const last = ofPart.at(-1);
  if (last !== undefined) part.thoughtSignature = last;
  if (carried.length === 0) return parseOwn(part, path, calls);
  if (last === undefined) delete part.thoughtSignature;
  return isMoved ? [...carried, ...parseOwn(part, path, calls)] : carried;
}

function parseOwn(part: JsonObject, path: string, calls: CallMatcher): Part[] {
  const signature = signatureFromClient(part);
  const seal: Part[] = signature === undefined ? [] : [{ type: 'reasoning', text: '', signature }];
  const more = extensionOf(withoutFields(part, KNOWN));
  if (part.functionCall !== undefined) {
    const call = requiredObject(part.functionCall, `${path}.functionCall`);
    const name = requiredString(
      call,
      'name',
      `${path}.functionCall.name`,
      'name the function that was called',
    );
    if (call.args !== undefined && !isObject(call.args)) {
      throw invalid(`${path}.functionCall.args`, 'must be an object');
    }
    const id = calls.called(name, asString(call.id));
    const args = exactText(call.args ?? {});
    const signed = signature === undefined ? {} : { signature };
    return [{ type: 'tool-call', kind: 'function', id, name, arguments: args, ...signed, ...more }];
  }
  if (part.functionResponse !== undefined) return [parseResult(part.functionResponse, path, calls)];
  if (part.text !== undefined) {
    const text = optionalString(part, 'text', `${path}.text`) ?? '';
    if (part.thought === true) return [parseThought(text, part)];
    return text === '' ? seal : [{ type: 'text', text, ...more }, ...seal];
  }
  if (part.inlineData !== undefined || part.fileData !== undefined) {
    return [parseMedia(part, path), ...seal];
  }
  const call = serverCall(part, signature, () => calls.serverCalled());
  if (call !== undefined) return [{ ...call, type: 'tool-call', kind: 'server' }];
  const result = serverResult(part, () => calls.serverAnswered());
  if (result !== undefined) return [result];
  const [name] = Object.keys(withoutFields(part, ['thought', 'thoughtSignature']));
  if (name === undefined) return seal;
  return [{ type: 'opaque', dialect: ID, name, value: part }];
}

/** A thought that is only a signature belongs to the thought before it; `joined` merges the two. */
function parseThought(text: string, part: JsonObject): ReasoningPart {
  const signature = signatureFromClient(part);
  if (signature === undefined) return { type: 'reasoning', text };
  return text === ''
    ? { type: 'reasoning', text, redacted: signature }
    : { type: 'reasoning', text, signature };
}

function parseMedia(part: JsonObject, path: string): Part {
  if (part.inlineData !== undefined) {
    const blob = requiredObject(part.inlineData, `${path}.inlineData`);
    const mediaType = requiredString(blob, 'mimeType', `${path}.inlineData.mimeType`, 'e.g. image/png');
    const given = requiredString(blob, 'data', `${path}.inlineData.data`, 'give the bytes as base64');
    const data = standardBase64(given);
    const media = mediaPart({ kind: 'base64', mediaType, data }, mediaType);
    if (media !== undefined) return named(media, part, blob);
    return videoPart('inlineData', part, { kind: 'base64', mediaType, data });
  }
  const file = requiredObject(part.fileData, `${path}.fileData`);
  const url = requiredString(file, 'fileUri', `${path}.fileData.fileUri`, 'give the address of the file');
  const mediaType = asString(file.mimeType);
  if (isGoogleFile(url)) return opaqueMedia('fileData', part);
  const known = mediaType === undefined ? {} : { mediaType };
  const source: MediaSource = { kind: 'url', url, ...known };
  const media = mediaType === undefined && isVideoPage(url) ? undefined : mediaPart(source, mediaType ?? '');
  if (media !== undefined) return named(media, part, file);
  return videoPart('fileData', part, source);
}

/** What else the part says of the video, such as which seconds to watch, others cannot express. */
function videoPart(field: string, part: JsonObject, video: MediaSource): OpaquePart {
  const isAll = Object.keys(withoutFields(part, [field, 'thoughtSignature'])).length === 0;
  return { ...opaqueMedia(`${field}.video`, part), ...(isAll && { video }) };
}

function opaqueMedia(name: string, part: JsonObject): OpaquePart {
  return { type: 'opaque', dialect: ID, name, value: withoutFields(part, ['thoughtSignature']) };
}

function named(media: Exclude<Part, { type: 'opaque' }>, part: JsonObject, blob: JsonObject): Part {
  const name = asString(blob.displayName) || undefined;
  if (media.type === 'document' && name !== undefined) media.name = name;
  return { ...media, ...extensionOf(withoutFields(part, KNOWN)) };
}

/** Audio has no place in a neutral result. */
function inResult(media: Part): ToolResultContent | undefined {
  return media.type === 'image' || media.type === 'document' || media.type === 'opaque' ? media : undefined;
}

const RESULT_FIELDS = ['id', 'name', 'response', 'parts'];

function parseResult(value: JsonValue, path: string, calls: CallMatcher): Part {
  const result = requiredObject(value, `${path}.functionResponse`);
  const name = requiredString(
    result,
    'name',
    `${path}.functionResponse.name`,
    'name the function whose result this is',
  );
  const callId = calls.answered(name, asString(result.id));
  const { content, isError } = readResponse(result.response, name, (inlineData) =>
    inResult(parseMedia({ inlineData }, `${path}.functionResponse.response`)),
  );
  for (const [index, item] of listOf(result.parts).entries()) {
    const itemPath = `${path}.functionResponse.parts[${index}]`;
    const media = inResult(parseMedia(requiredObject(item, itemPath), itemPath));
    content.push(media ?? { type: 'opaque', dialect: ID, name: 'functionResponse.parts', value: item });
  }
  const failed = isError ? { isError } : {};
  return {
    type: 'tool-result',
    callId,
    content,
    ...failed,
    ...extensionOf(withoutFields(result, RESULT_FIELDS)),
  };
}
