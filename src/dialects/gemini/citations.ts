// Sources of an answer: `groundingMetadata` and `citationMetadata` → citations, and citations of other dialects →
// `groundingMetadata`. https://ai.google.dev/gemini-api/docs/google-search
import type { Citation } from '../../model/content.ts';
import { ENTRY_SIZE, type EventSink } from '../../model/events.ts';
import { asNumber, asObject, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import type { CitationDetail } from '../shared/losses/answer-losses.ts';
import type { TextIndex } from './text-index.ts';
import { isEmpty } from '../shared/own-fields.ts';
import { extensionOf, listOf, ownFields } from './wire.ts';

const NO_CITATIONS: Citation[] = [];

export class CitationReader {
  private readonly index: TextIndex;
  private readonly sink: EventSink;
  private readonly seen = new Set<string>();

  constructor(index: TextIndex, sink: EventSink) {
    this.index = index;
    this.sink = sink;
  }

  /** The sources that are new in this candidate; Google repeats sources while it streams. */
  read(candidate: JsonObject): Citation[] {
    const grounding = asObject(candidate.groundingMetadata);
    const quotes = asObject(candidate.citationMetadata);
    if (grounding === undefined && quotes === undefined) return NO_CITATIONS;
    const found = [
      ...(grounding === undefined ? [] : this.grounded(grounding)),
      ...(quotes === undefined ? [] : this.quoted(quotes)),
    ];
    const { seen } = this;
    return found.filter((citation) => {
      const key = JSON.stringify([citation.url, citation.title, citation.start, citation.end]);
      if (seen.has(key)) return false;
      seen.add(key);
      this.sink.kept?.(ENTRY_SIZE + key.length);
      return true;
    });
  }

  private place(segment: JsonObject, quote: string | undefined): { start?: number; end?: number } {
    const end = asNumber(segment.endIndex);
    if (end === undefined) return {};
    return this.index.place(asNumber(segment.startIndex) ?? 0, end, quote) ?? {};
  }

  private grounded(metadata: JsonObject): Citation[] {
    const chunks = listOf(metadata.groundingChunks).map(sourceOf);
    const supported = new Set<number>();
    const citations: Citation[] = [];
    for (const support of listOf(metadata.groundingSupports).filter(isObject)) {
      const segment = asObject(support.segment) ?? {};
      for (const number of listOf(support.groundingChunkIndices)) {
        const source = typeof number === 'number' ? chunks[number] : undefined;
        if (typeof number !== 'number' || source === undefined) continue;
        supported.add(number);
        citations.push({ ...source, ...this.place(segment, asString(segment.text)) });
      }
    }
    for (const [number, source] of chunks.entries()) {
      if (source !== undefined && !supported.has(number)) citations.push(source);
    }
    return citations;
  }

  private quoted(metadata: JsonObject): Citation[] {
    return quotesOf(metadata)
      .filter(isNamed)
      .map((quote): Citation => {
        const citation = citationOf('url', asString(quote.uri), asString(quote.title), quote);
        return { ...citation, ...this.place(quote, undefined) };
      });
  }
}

/** Whether a candidate has a source without URL or title (only a position in the answer), or of an unknown kind. */
export function namesOthers({ groundingMetadata, citationMetadata }: JsonObject): boolean {
  const chunks = listOf(asObject(groundingMetadata)?.groundingChunks);
  if (chunks.some((chunk) => sourceOf(chunk) === undefined)) return true;
  return quotesOf(asObject(citationMetadata) ?? {}).some((quote) => !isNamed(quote));
}

function quotesOf({ citations, citationSources }: JsonObject): JsonObject[] {
  return [...listOf(citations), ...listOf(citationSources)].filter(isObject);
}

function isNamed({ uri, title }: JsonObject): boolean {
  return typeof uri === 'string' || typeof title === 'string';
}

/** A grounding chunk: a web page, a passage of a retrieved document, or a place on a map. */
function sourceOf(value: unknown): Citation | undefined {
  const chunk = asObject(value as JsonObject) ?? {};
  const web = asObject(chunk.web) ?? asObject(chunk.maps) ?? asObject(chunk.image);
  if (web !== undefined) {
    return citationOf('url', asString(web.uri) ?? asString(web.sourceUri), asString(web.title), chunk);
  }
  const context = asObject(chunk.retrievedContext);
  if (context === undefined) return undefined;
  const uri = asString(context.uri);
  const citation = citationOf('document', uri, asString(context.title), chunk);
  const text = asString(context.text);
  return text === undefined ? citation : { ...citation, citedText: text };
}

function citationOf(
  kind: Citation['kind'],
  url: string | undefined,
  title: string | undefined,
  fields: JsonObject,
): Citation {
  return {
    kind,
    ...(url === undefined ? {} : { url }),
    ...(title === undefined ? {} : { title }),
    ...extensionOf(fields),
  };
}

/** Byte offsets of a span in the whole answer; `text` is the span's text, if known. */
export interface Segment {
  startIndex: number;
  endIndex: number;
  text?: string;
}

/** Sources of an answer, collected while it streams. */
export interface GroundingWriter {
  /** False if the source has no form here. `segment`: the same object for sources of the same span. */
  add(citation: Citation, segment: Segment | undefined): boolean;
  /** `groundingMetadata` and `citationMetadata` of the candidate, if there are any. */
  metadata(): JsonObject;
}

export function createGroundingWriter(): GroundingWriter {
  const chunks = new Map<string, { number: number; chunk: JsonObject }>();
  /** One for each span, since the sources of a span share its text, which may be the whole answer. */
  const supports: { segment: Segment; indices: Set<number> }[] = [];
  /** The entries of `citationMetadata`, unchanged. */
  const quotes: JsonObject[] = [];
  return {
    add(citation, segment) {
      const own = ownFields(citation.extension);
      if (own.startIndex !== undefined || own.endIndex !== undefined || own.uri !== undefined) {
        quotes.push(own);
        return true;
      }
      const chunk = isEmpty(own) ? chunkOf(citation) : own;
      if (chunk === undefined) return false;
      const key = JSON.stringify(chunk);
      const known = chunks.get(key) ?? { number: chunks.size, chunk };
      chunks.set(key, known);
      if (segment !== undefined) {
        const last = supports.at(-1);
        if (last?.segment === segment) last.indices.add(known.number);
        else supports.push({ segment, indices: new Set([known.number]) });
      }
      return true;
    },
    metadata() {
      const groundingChunks = [...chunks.values()].map(({ chunk }) => chunk);
      const groundingSupports = supports.map(({ segment, indices }) => ({
        segment: { ...segment },
        groundingChunkIndices: [...indices],
      }));
      return {
        ...(chunks.size > 0 && {
          groundingMetadata: {
            groundingChunks,
            ...(groundingSupports.length > 0 && { groundingSupports }),
          },
        }),
        ...(quotes.length > 0 && { citationMetadata: { citations: quotes } }),
      };
    },
  };
}

/** The details of a citation that a chunk has, besides the source's location. */
export function chunkDetails({ kind, url, location }: Citation): CitationDetail[] {
  if (kind === 'url' && url !== undefined) return ['span'];
  return location?.unit === 'page' ? ['span', 'citedText', 'location'] : ['span', 'citedText'];
}

/** The pages of a citation, in Vertex's form for those of a retrieved passage. */
function pagesOf({ location, citedText }: Citation): JsonObject {
  if (location?.unit !== 'page') return {};
  const pageSpan = { firstPage: location.start, lastPage: Math.max(location.start, location.end - 1) };
  return { ragChunk: { ...(citedText === undefined ? {} : { text: citedText }), pageSpan } };
}

function chunkOf(citation: Citation): JsonObject | undefined {
  const { url, title, citedText } = citation;
  const named = title === undefined ? {} : { title };
  // Google names every page, so that clients require a title (gemini-rust) or show it in place of the address.
  if (citation.kind === 'url' && url !== undefined) return { web: { uri: url, title: title || url } };
  if (url === undefined && title === undefined && citedText === undefined) return undefined;
  return {
    retrievedContext: {
      ...(url === undefined ? {} : { uri: url }),
      ...named,
      ...(citedText === undefined ? {} : { text: citedText }),
      ...pagesOf(citation),
    },
  };
}
