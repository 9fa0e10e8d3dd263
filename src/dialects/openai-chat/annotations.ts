// Citations ↔ `annotations[]`. Offsets count from the start of the whole content here, and from the start of their text part in the neutral
// model; `base` is the difference.
import type { Citation } from '../../model/content.ts';
import {
  asArray,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import { ID } from './wire.ts';

export function parseAnnotations(value: JsonValue | undefined, base: number): Citation[] {
  const citations: Citation[] = [];
  for (const item of asArray(value) ?? []) {
    const annotation = asObject(item);
    if (annotation === undefined) continue;
    const extension = { dialect: ID, fields: annotation } as const;
    const cited = asObject(annotation.url_citation);
    if (cited === undefined) {
      citations.push({ kind: 'other', extension });
      continue;
    }
    const citation: Citation = { kind: 'url', extension };
    const url = asString(cited.url);
    const title = asString(cited.title);
    const citedText = asString(cited.content);
    const start = asNumber(cited.start_index);
    const end = asNumber(cited.end_index);
    if (url !== undefined) citation.url = url;
    if (title) citation.title = title;
    if (citedText) citation.citedText = citedText;
    // Servers send 0 to 0 if the place is unknown.
    if (start !== undefined && end !== undefined && end > start && start >= base) {
      citation.start = start - base;
      citation.end = end - base;
    }
    citations.push(citation);
  }
  return citations;
}

/**
 * Sources listed beside the answer instead of within it: `search_results[]`, or `citations[]` of bare URLs; GLM has `web_search[]`, with
 * `link` instead of `url`. https://docs.perplexity.ai/api-reference, https://docs.z.ai/api-reference/llm/chat-completion
 */
export function parseSources(body: JsonObject): Citation[] {
  const results = asArray(body.search_results) ?? asArray(body.citations) ?? asArray(body.web_search) ?? [];
  const citations: Citation[] = [];
  for (const result of results) {
    const source = asObject(result);
    const url = asString(result) ?? asString(source?.url) ?? asString(source?.link);
    if (url === undefined) continue;
    const citation: Citation = { kind: 'url', url };
    const title = asString(source?.title);
    if (title) citation.title = title;
    citations.push(citation);
  }
  return citations;
}

/** Whether a body or chunk has any. */
export function listsSources(body: JsonObject): boolean {
  return Boolean(asArray(body.web_search)?.length) || parseSources(body).length > 0;
}

/** The annotation for a citation in a text of `length` that begins at `base`; undefined if it has no form here. */
export function buildAnnotation(citation: Citation, base: number, length: number): JsonObject | undefined {
  const own = citation.extension?.dialect === ID ? citation.extension.fields : undefined;
  if (citation.kind !== 'url' || citation.url === undefined) return own;
  const original = asObject(own?.url_citation);
  const hasRange = citation.start !== undefined && citation.end !== undefined;
  const range =
    original !== undefined && !hasRange
      ? {}
      : { start_index: base + (citation.start ?? 0), end_index: base + (citation.end ?? length) };
  return {
    type: 'url_citation',
    url_citation: {
      url: citation.url,
      // Open WebUI and others show a source by its title, and one without a title not at all.
      title: citation.title || citation.url,
      ...(citation.citedText !== undefined && { content: citation.citedText }),
      ...original,
      ...range,
    },
  };
}

/** The details of a citation that an annotation has, besides the source's location. */
export const ANNOTATED = ['citedText', 'span'] as const;
