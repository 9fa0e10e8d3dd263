// Writes a whole message as an answer of Converse.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_ResponseSyntax
import { asArray, asObject, asString, type JsonObject } from '../../../model/json/json.ts';
import type { AnswerFacts } from '../../envelope.ts';
import { NO_USAGE } from '../../../model/usage.ts';
import { citationOf, countsIn, type Lost, redactedOf, stopOf, tierOf, usageOf } from './converse-words.ts';

export function writeConverse(message: JsonObject, { latencyMs, lost }: AnswerFacts): JsonObject {
  const content = (asArray(message.content) ?? []).flatMap((block) =>
    writeBlock(asObject(block) ?? {}, lost),
  );
  const usage = countsIn(NO_USAGE, message.usage);
  return {
    output: { message: { role: 'assistant', content } },
    ...stopOf(message, usage, lost),
    usage: usageOf(usage),
    metrics: { latencyMs },
    ...tierOf(message.usage),
  };
}

function writeBlock(block: JsonObject, lost: Lost): JsonObject[] {
  switch (block.type) {
    case 'text':
      return writeText(block);
    case 'thinking': {
      const signature = asString(block.signature);
      const reasoningText = { text: block.thinking ?? '', ...(signature && { signature }) };
      return [{ reasoningContent: { reasoningText } }];
    }
    case 'redacted_thinking':
      return [{ reasoningContent: { redactedContent: redactedOf(asString(block.data) ?? '') } }];
    case 'tool_use':
      return [{ toolUse: { toolUseId: block.id ?? '', name: block.name ?? '', input: block.input ?? {} } }];
    default:
      lost(asString(block.type) ?? 'content');
      return [];
  }
}

/**
 * Documents that the client wants cited are cited around the text. Web pages, which no setting asks for, are cited after it, as Amazon's
 * own models do (recording: bedrock-converse, "web search with Nova 2 Lite"): clients that do not know sources read only `text`.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CitationsContentBlock.html ("when document citations are enabled")
 */
function writeText(block: JsonObject): JsonObject[] {
  const text = asString(block.text) ?? '';
  const citations = (asArray(block.citations) ?? []).map((citation) => citationOf(asObject(citation) ?? {}));
  const pages = citations.filter(isPage);
  const documents = citations.filter((citation) => !isPage(citation));
  const said =
    documents.length === 0 ? { text } : { citationsContent: { content: [{ text }], citations: documents } };
  return [said, ...pages.map((page) => ({ citationsContent: { citations: [page] } }))];
}

function isPage({ location }: JsonObject): boolean {
  return asObject(location)?.web !== undefined;
}
