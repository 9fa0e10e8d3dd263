// Citations on text blocks. Their offsets point into the cited document, not into the text, so the neutral
// `start`/`end` stay unset. https://docs.anthropic.com/en/docs/build-with-claude/citations
import type { Citation } from '../../model/content.ts';
import { asString, type JsonObject } from '../../model/json.ts';
import { ID, put } from './wire.ts';

export function parseCitation(wire: JsonObject): Citation {
  const source = asString(wire.source);
  const url = asString(wire.url) ?? (source?.startsWith('http') ? source : undefined);
  const title = asString(wire.title) ?? asString(wire.document_title);
  const citedText = asString(wire.cited_text);
  return {
    kind: kindOf(asString(wire.type)),
    ...(url === undefined ? {} : { url }),
    ...(title === undefined ? {} : { title }),
    ...(citedText === undefined ? {} : { citedText }),
    extension: { dialect: ID, fields: wire },
  };
}

/** The citation as this dialect wrote it, undefined for one of another dialect. */
export function ownCitation(citation: Citation): JsonObject | undefined {
  return citation.extension?.dialect === ID ? citation.extension.fields : undefined;
}

/** The citation as the provider takes it back: not one that `buildCitation` made for a client to show. */
export function providerCitation(citation: Citation): JsonObject | undefined {
  const own = ownCitation(citation);
  return own?.encrypted_index === '' ? undefined : own;
}

/**
 * A citation for a client to show: one of another dialect becomes a web search location where it has a URL.
 * Its `encrypted_index` is empty, as only the provider could fill it. `text` is the cited part's own text.
 */
export function buildCitation(citation: Citation, text = ''): JsonObject | undefined {
  const own = ownCitation(citation);
  if (own !== undefined) return own;
  if (citation.url === undefined) return undefined;
  const { start, end } = citation;
  const quoted = start !== undefined && end !== undefined ? text.slice(start, end) : '';
  const wire: JsonObject = {
    type: 'web_search_result_location',
    cited_text: citation.citedText ?? quoted,
    url: citation.url,
    encrypted_index: '',
  };
  // Null is allowed, and some SDKs refuse it.
  put(wire, 'title', citation.title ?? citation.url);
  return wire;
}

function kindOf(type: string | undefined): Citation['kind'] {
  switch (type) {
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
