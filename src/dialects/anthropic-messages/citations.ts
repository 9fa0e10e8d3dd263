// Citations on text blocks. Their offsets point into the cited document, not into the text, so the neutral
// `start`/`end` stay unset. https://docs.anthropic.com/en/docs/build-with-claude/citations
import type { Citation, DocumentLocation } from '../../model/content.ts';
import { asNumber, asString, type JsonObject } from '../../model/json/json.ts';
import type { CitationDetail } from '../shared/losses/answer-losses.ts';
import { put } from '../shared/own-fields.ts';
import { ID } from './wire.ts';

export function parseCitation(wire: JsonObject): Citation {
  const source = asString(wire.source);
  const url = asString(wire.url) ?? (source?.startsWith('http') ? source : undefined);
  const title = asString(wire.title) ?? asString(wire.document_title);
  const citedText = asString(wire.cited_text);
  return {
    kind: kindOf(asString(wire.type), url),
    ...(url === undefined ? {} : { url }),
    ...(title === undefined ? {} : { title }),
    ...(citedText === undefined ? {} : { citedText }),
    ...parseLocation(wire),
    extension: { dialect: ID, fields: wire },
  };
}

/** The citation as this dialect wrote it; undefined for one of another dialect. */
function ownCitation(citation: Citation): JsonObject | undefined {
  return citation.extension?.dialect === ID ? citation.extension.fields : undefined;
}

/** The citation in the form that the provider accepts; undefined for one that `buildCitation` made for a client to show. */
export function providerCitation(citation: Citation): JsonObject | undefined {
  const own = ownCitation(citation);
  return own?.encrypted_index === '' ? undefined : own;
}

/**
 * A citation for a client to show. One of another dialect becomes a web search location if it has a URL; its `encrypted_index` is empty,
 * since only the provider could fill it, and so is `cited_text` if the source's text is unknown.
 */
export function buildCitation(citation: Citation): JsonObject | undefined {
  const own = ownCitation(citation);
  if (own !== undefined) return own;
  if (citation.url === undefined || citation.location?.unit === 'result') return buildLocation(citation);
  const wire: JsonObject = {
    type: 'web_search_result_location',
    cited_text: citation.citedText ?? '',
    url: citation.url,
    encrypted_index: '',
  };
  // Null is allowed, but some SDKs refuse it.
  put(wire, 'title', citation.title ?? citation.url);
  return wire;
}

type DocumentUnit = Exclude<DocumentLocation['unit'], 'result'>;

/** The kinds of location in a document, with the names of their offsets. */
const LOCATIONS: Record<DocumentUnit, { type: string; start: string; end: string }> = {
  character: { type: 'char_location', start: 'start_char_index', end: 'end_char_index' },
  page: { type: 'page_location', start: 'start_page_number', end: 'end_page_number' },
  block: { type: 'content_block_location', start: 'start_block_index', end: 'end_block_index' },
};
const UNITS = Object.keys(LOCATIONS) as DocumentUnit[];

function parseLocation(wire: JsonObject): { location?: DocumentLocation } {
  const unit = UNITS.find((each) => LOCATIONS[each].type === wire.type);
  if (unit === undefined) return {};
  const document = asNumber(wire.document_index);
  const start = asNumber(wire[LOCATIONS[unit].start]);
  const end = asNumber(wire[LOCATIONS[unit].end]);
  if (document === undefined || start === undefined || end === undefined) return {};
  return { location: { document, unit, start, end } };
}

function buildLocation({ location, title, citedText, url }: Citation): JsonObject | undefined {
  if (location === undefined) return undefined;
  if (location.unit === 'result') {
    return {
      type: 'search_result_location',
      cited_text: citedText ?? '',
      search_result_index: location.document,
      source: location.source ?? url ?? '',
      title: title ?? null,
      start_block_index: location.start,
      end_block_index: location.end,
    };
  }
  const { type, start, end } = LOCATIONS[location.unit];
  return {
    type,
    cited_text: citedText ?? '',
    document_index: location.document,
    document_title: title ?? null,
    [start]: location.start,
    [end]: location.end,
  };
}

function kindOf(type: string | undefined, url: string | undefined): Citation['kind'] {
  switch (type) {
    // A result that the client itself found: a page if it states an address.
    case 'search_result_location':
      return url === undefined ? 'document' : 'url';
    case 'web_search_result_location':
      return 'url';
    case 'char_location':
    case 'page_location':
    case 'content_block_location':
      return 'document';
    default:
      return 'other';
  }
}

/** The details of another dialect's citation that `buildCitation` writes, besides the source's location. */
export function citationDetails({ url, location }: Citation): CitationDetail[] {
  return url === undefined || location?.unit === 'result' ? ['citedText', 'location'] : ['citedText'];
}
