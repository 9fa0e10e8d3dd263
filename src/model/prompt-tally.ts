// A prompt's size before any tokenizer: all its text, and fixed token counts for the rest.
// docs/endpoints.md states these numbers.
import type { MediaSource, Part } from './content.ts';
import type { NeutralRequest, Tool } from './request.ts';

/** What a chat format adds around each message and before the answer (OpenAI's cookbook). */
const MESSAGE_TOKENS = 3;
const ANSWER_TOKENS = 3;
const TOOL_TOKENS = 8;
/** An image of 1024 × 1024 pixels, and one in low detail (OpenAI). */
const IMAGE_TOKENS = 765;
const SMALL_IMAGE_TOKENS = 85;
/** Tokens per page of a document, and bytes per page of a PDF. */
const PAGE_TOKENS = 1_500;
const PAGE_BYTES = 50_000;
/** A second of sound (Gemini), at 16 KB/s. */
const SECOND_TOKENS = 32;
const SECOND_BYTES = 16_000;

interface PromptTally {
  /** Every text that a model reads. */
  texts: string[];
  /** Tokens for media, and for what a chat format adds. */
  tokens: number;
}

export function tallyPrompt(request: NeutralRequest): PromptTally {
  const tally: PromptTally = { texts: [], tokens: ANSWER_TOKENS };
  for (const part of request.system) addPart(part, tally);
  for (const tool of request.tools) addTool(tool, tally);
  for (const message of request.messages) {
    tally.tokens += MESSAGE_TOKENS;
    for (const part of message.parts) addPart(part, tally);
  }
  if (request.system.length > 0) tally.tokens += MESSAGE_TOKENS;
  return tally;
}

function addTool(tool: Tool, tally: PromptTally): void {
  tally.tokens += TOOL_TOKENS;
  if (tool.type === 'server') {
    tally.texts.push(JSON.stringify(tool.definition.fields));
    return;
  }
  const schema = tool.type === 'function' ? tool.parameters : tool.format;
  tally.texts.push(
    `${tool.name} ${tool.description ?? ''} ${schema === undefined ? '' : JSON.stringify(schema)}`,
  );
}

function addPart(part: Part, tally: PromptTally): void {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      tally.texts.push(part.text);
      return;
    case 'tool-call':
      tally.texts.push(`${part.name} ${part.arguments}`);
      return;
    case 'tool-result':
      for (const each of part.content) addPart(each, tally);
      return;
    case 'image':
      tally.tokens += part.detail === 'low' ? SMALL_IMAGE_TOKENS : IMAGE_TOKENS;
      return;
    case 'document':
      if (part.source.kind === 'text') tally.texts.push(part.source.text);
      else tally.tokens += Math.ceil(units(part.source, PAGE_BYTES)) * PAGE_TOKENS;
      return;
    case 'audio':
      tally.tokens += Math.ceil(units(part.source, SECOND_BYTES) * SECOND_TOKENS);
      return;
    case 'server-tool-result':
    case 'opaque':
      tally.texts.push(JSON.stringify(part.value));
  }
}

/** At least one, since the size of a source elsewhere is unknown. */
function units(source: MediaSource, bytes: number): number {
  return source.kind === 'base64' ? Math.max(1, (source.data.length * 0.75) / bytes) : 1;
}
