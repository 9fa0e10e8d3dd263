// Search results that a client found, as sources for Claude to cite, on any platform.
// https://platform.claude.com/docs/en/build-with-claude/search-results
import type { DocumentPart } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject } from '../../model/json/json.ts';

const MESSAGES = 'anthropic-messages';
/** Names, in a document's extension, the Anthropic block that the document was. */
export const SEARCH_RESULT = 'search_result';

/** The document as Bedrock's `searchResult`; undefined for any other document, or if a transformer changed the text. */
export function buildSearchResult({ source, extension }: DocumentPart): JsonObject | undefined {
  if (extension?.dialect !== MESSAGES || source.kind !== 'text') return undefined;
  const block = asObject(extension.fields[SEARCH_RESULT]);
  const from = asString(block?.source);
  const title = asString(block?.title);
  const texts = (asArray(block?.content) ?? []).map((part) => asString(asObject(part)?.text) ?? '');
  const isWhole = source.text === `${from}${BLANK_LINE}${texts.join('\n')}`;
  if (from === undefined || title === undefined || texts.length === 0 || !isWhole) return undefined;
  const cites = asObject(block?.citations)?.enabled === true;
  return {
    source: from,
    title,
    content: texts.map((text) => ({ text })),
    ...(cites && { citations: { enabled: true } }),
  };
}

/** Stands between the source and the text, for models that read both as a document. */
export const BLANK_LINE = '\n\n';
