// Redacts the text of a request that the model would read.
import type {
  DocumentPart,
  Extension,
  Part,
  ReasoningPart,
  ServerToolResultPart,
  TextPart,
  ToolCallPart,
  ToolResultContent,
} from '../model/content.ts';
import { isObject } from '../model/json/json.ts';
import { sealsText } from '../model/opaque-token.ts';
import type { NeutralRequest } from '../model/request.ts';
import { createArgumentsRedactor, createTextRedactor } from './redact-arguments.ts';
import type { Redaction } from './redact-answer.ts';
import { redactCitation } from './redact-citation.ts';
import { redactValue } from './redact-json.ts';
import type { RequestContext } from './transformer.ts';

interface Cleaner {
  text(text: string): string;
  /** For text that also stands elsewhere, where its matches are counted. */
  again(text: string): string;
  /** Left out where arguments stay unchanged. */
  call?(part: ToolCallPart): string;
}

export function redactRequest(
  request: NeutralRequest,
  redaction: Redaction,
  context: RequestContext,
): NeutralRequest {
  let matches = 0;
  const cleaner: Cleaner = {
    text(text) {
      const replaced = redaction.replace(text);
      matches += replaced.matches;
      return replaced.text;
    },
    again: (text) => redaction.replace(text).text,
  };
  if (redaction.tools) {
    cleaner.call = ({ arguments: text, kind }) => {
      let result = '';
      const create = kind === 'custom' ? createTextRedactor : createArgumentsRedactor;
      const redactor = create(
        redaction,
        (piece) => {
          result += piece;
        },
        () => {
          matches++;
        },
      );
      redactor.feed(text);
      redactor.flush();
      return result;
    };
  }
  const changed: NeutralRequest = {
    ...request,
    system: request.system.map((part) => cleanText(part, cleaner)),
    messages: request.messages.map((message) => ({
      ...message,
      parts: message.parts.map((part) => cleanPart(part, cleaner)),
    })),
  };
  if (matches === 0) return request;
  const how = `${matches} ${matches === 1 ? 'match' : 'matches'} replaced by redact`;
  context.lose({ feature: 'messages', outcome: 'approximated', how });
  return changed;
}

function cleanPart(part: Part, cleaner: Cleaner): Part {
  switch (part.type) {
    case 'text':
    case 'document':
      return cleanContent(part, cleaner);
    case 'refusal':
      return { ...part, text: cleaner.text(part.text) };
    case 'reasoning':
      // A provider refuses thinking that it signed unless it comes back unchanged.
      return part.signature !== undefined && sealsText(part.signature)
        ? part
        : { ...part, text: cleaner.text(part.text), ...cleanFields(part, cleaner.text) };
    case 'tool-call':
      if (cleaner.call === undefined) return part;
      // What its dialect knows of a call that the provider ran repeats the arguments.
      return {
        ...part,
        arguments: cleaner.call(part),
        ...(part.kind === 'server' && cleanFields(part, cleaner.again, part.id)),
      };
    case 'tool-result':
      return { ...part, content: part.content.map((inner) => cleanContent(inner, cleaner)) };
    case 'server-tool-result':
      return cleanResult(part, cleaner);
    case 'image':
    case 'audio':
    case 'opaque':
      return part;
  }
}

/** Cleans the result of an MCP server's tool. The results of a provider's own tools may be encrypted. */
function cleanResult(part: ServerToolResultPart, cleaner: Cleaner): ServerToolResultPart {
  const { output, callId } = part;
  if (output === undefined) return part;
  const value = redactValue(part.value, cleaner.text, callId).result;
  return {
    ...part,
    ...(isObject(value) && { value }),
    output: { ...output, text: cleaner.again(output.text) },
  };
}

function cleanContent(part: ToolResultContent, cleaner: Cleaner): ToolResultContent {
  if (part.type === 'text') return cleanText(part, cleaner);
  return part.type === 'document' ? cleanDocument(part, cleaner) : part;
}

function cleanText(part: TextPart, cleaner: Cleaner): TextPart {
  const text = cleaner.text(part.text);
  if (part.citations === undefined) return { ...part, text };
  return { ...part, text, citations: part.citations.map((each) => redactCitation(each, cleaner.text)) };
}

/** The model also reads the document's name and the field `context`, which only its own dialect has. */
function cleanDocument(part: DocumentPart, cleaner: Cleaner): DocumentPart {
  const changed = { ...part };
  if (part.source.kind === 'text') changed.source = { kind: 'text', text: cleaner.text(part.source.text) };
  if (part.name !== undefined) changed.name = cleaner.text(part.name);
  return { ...changed, ...cleanFields(part, cleaner.text) };
}

function cleanFields(
  { extension }: DocumentPart | ReasoningPart | ToolCallPart,
  clean: (text: string) => string,
  kept?: string,
): { extension?: Extension } {
  const fields = redactValue(extension?.fields ?? {}, clean, kept).result;
  return extension !== undefined && isObject(fields) ? { extension: { ...extension, fields } } : {};
}
