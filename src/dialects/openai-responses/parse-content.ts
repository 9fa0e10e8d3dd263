// Content parts of messages and tool results → neutral parts.
import type { Part, TextPart, ToolResultContent } from '../../model/content.ts';
import { exactText } from '../../model/json/exact-numbers.ts';
import { asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { invalid, nameType, requiredObject, requiredString } from '../shared/read-field.ts';
import { parseBreakpoint } from '../openai/breakpoint.ts';
import { parseAnnotations } from './annotations.ts';
import { parseAudio, parseFile, parseImage } from './media.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { extensionOf, ID } from './wire.ts';

/** The prefix of the names of opaque parts within a message, which distinguishes them from opaque input items. */
export const CONTENT_PREFIX = 'content.';

export function parseContent(content: JsonValue | undefined, path: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) {
    throw invalid(path, `is ${nameType(content)}; it must be a string or an array of content parts`);
  }
  return content.map((part, index) => parsePart(part, `${path}[${index}]`));
}

/** The output of a call: a string, parts, or (as some clients send) any JSON, which is passed on as its text. */
export function parseResult(output: JsonValue | undefined, path: string): ToolResultContent[] {
  if (output === undefined || output === null) return [];
  if (typeof output === 'string') return [{ type: 'text', text: output }];
  if (!Array.isArray(output)) return [{ type: 'text', text: exactText(output) }];
  return output.map((value, index) => {
    const part = parsePart(value, `${path}[${index}]`);
    switch (part.type) {
      case 'text':
      case 'image':
      case 'document':
      case 'opaque':
        return part;
      default:
        throw invalid(`${path}[${index}].type`, 'cannot be in a tool result; use `input_text`');
    }
  });
}

/** A content part; one of a type without a neutral form is kept as it is. */
function parsePart(value: JsonValue, path: string): Part {
  const part = requiredObject(value, path);
  const type = requiredString(
    part,
    'type',
    `${path}.type`,
    'say `input_text`, `input_image`, `input_file` or `output_text`',
  );
  const parsed = parseTyped(type, part, path);
  return parsed.type === 'opaque' ? parsed : { ...parsed, ...parseBreakpoint(part, ID, parsed.extension) };
}

function parseTyped(type: string, part: JsonObject, path: string): Part {
  switch (type) {
    case 'input_text':
    case 'output_text':
    case 'text':
    case 'summary_text':
    case 'reasoning_text':
      return parseText(part, path);
    case 'refusal':
      if (typeof part.refusal !== 'string') throw invalid(`${path}.refusal`, 'must be a string');
      return { type: 'refusal', text: part.refusal };
    // The type of Chat Completions, in which LangChain for JavaScript sends images given with the `source_type` `base64`:
    // `converters/responses.ts` of @langchain/openai 1.x converts them as for Chat Completions.
    case 'image_url':
    case 'input_image': {
      const image = parseImage(part);
      if (image === undefined) throw invalid(path, 'has neither `image_url` nor `file_id`; give one of them');
      return image;
    }
    case 'input_file': {
      const file = parseFile(part);
      if (file === undefined) {
        throw invalid(path, 'has no `file_data`, `file_url` or `file_id`; give one of them');
      }
      const detail = part.detail === 'auto' ? {} : withoutFields({ detail: part.detail }, []);
      return { ...file, ...extensionOf(detail) };
    }
    case 'input_audio': {
      const audio = parseAudio(part);
      if (audio === undefined)
        throw invalid(`${path}.input_audio.data`, 'is missing; give the audio as base64');
      return audio;
    }
    default:
      return { type: 'opaque', dialect: ID, name: CONTENT_PREFIX + type, value: part };
  }
}

function parseText(part: JsonObject, path: string): TextPart {
  const text = asString(part.text);
  if (text === undefined) throw invalid(`${path}.text`, 'must be a string');
  const citations = parseAnnotations(part.annotations);
  return citations.length === 0 ? { type: 'text', text } : { type: 'text', text, citations };
}
