// Estimates the tokens of a prompt without its provider: o200k over all text, flat numbers for media.
// docs/endpoints.md states these numbers.
import type { MediaSource, Part } from '../../model/content.ts';
import type { NeutralRequest, Tool } from '../../model/request.ts';

/** What a chat format adds around each message, and before the answer (OpenAI's cookbook). */
const MESSAGE_TOKENS = 3;
const ANSWER_TOKENS = 3;
const TOOL_TOKENS = 8;
/** An image of 1024 × 1024 pixels, and one asked for in low detail (OpenAI). */
const IMAGE_TOKENS = 765;
const SMALL_IMAGE_TOKENS = 85;
/** One page of a document, and what a page of a PDF weighs. */
const PAGE_TOKENS = 1_500;
const PAGE_BYTES = 50_000;
/** A second of sound (Gemini), at 16 KB/s. */
const SECOND_TOKENS = 32;
const SECOND_BYTES = 16_000;

/** Text counted at once, in UTF-16 units: some 10 ms. Streams go on in between. */
const PIECE = 64 * 1024;
/** Beyond it the rest is taken to be like what was counted. */
const MOST_COUNTED = 2 * 1024 * 1024;

/** @param pause resolves when other work had its turn. */
export async function estimateTokens(request: NeutralRequest, pause: () => Promise<void>): Promise<number> {
  const tally: Tally = { texts: [], tokens: ANSWER_TOKENS };
  for (const part of request.system) addPart(part, tally);
  for (const tool of request.tools) addTool(tool, tally);
  for (const message of request.messages) {
    tally.tokens += MESSAGE_TOKENS;
    for (const part of message.parts) addPart(part, tally);
  }
  if (request.system.length > 0) tally.tokens += MESSAGE_TOKENS;
  return tally.tokens + (await countText(tally.texts, pause));
}

interface Tally {
  texts: string[];
  tokens: number;
}

function addTool(tool: Tool, tally: Tally): void {
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

function addPart(part: Part, tally: Tally): void {
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

/** At least one, since a source elsewhere does not tell its size. */
function units(source: MediaSource, bytes: number): number {
  return source.kind === 'base64' ? Math.max(1, (source.data.length * 0.75) / bytes) : 1;
}

async function countText(texts: readonly string[], pause: () => Promise<void>): Promise<number> {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length === 0) return 0;
  // The table of tokens takes 80 MB: it is loaded by the first estimate, not by the gateway.
  const { clearMergeCache, countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
  let tokens = 0;
  let counted = 0;
  for (const text of texts) {
    for (let at = 0; at < text.length && counted < MOST_COUNTED; at += PIECE) {
      const piece = text.slice(at, at + PIECE);
      tokens += countTokens(broken(piece), { disallowedSpecial: new Set() });
      counted += piece.length;
      if (counted % PIECE === 0 || piece.length === PIECE) await pause();
    }
  }
  // It remembers pieces of the text.
  clearMergeCache();
  return Math.round((tokens * length) / counted);
}

/** Merging takes time with the square of a word's length: words are cut where none is that long. */
function broken(text: string): string {
  return text.replace(/\S{256}/g, '$&\n').replace(/[^\S\n]{256}|\n{256}/g, '$&.');
}
