// Citations ↔ `annotations[]` of an output_text part. Offsets count from the start of that part on both sides.
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

export function parseAnnotations(value: JsonValue | undefined): Citation[] {
  const citations: Citation[] = [];
  for (const item of asArray(value) ?? []) {
    const annotation = asObject(item);
    if (annotation !== undefined) citations.push(parseAnnotation(annotation));
  }
  return citations;
}

export function parseAnnotation(annotation: JsonObject): Citation {
  const extension = { dialect: ID, fields: annotation } as const;
  const { type } = annotation;
  if (type === 'file_citation' || type === 'container_file_citation') {
    const name = asString(annotation.filename);
    return { kind: 'document', ...(name && { title: name }), extension };
  }
  const url = asString(annotation.url);
  if (type !== 'url_citation' || url === undefined) return { kind: 'other', extension };
  const citation: Citation = { kind: 'url', url, extension };
  const title = asString(annotation.title);
  const start = asNumber(annotation.start_index);
  const end = asNumber(annotation.end_index);
  if (title) citation.title = title;
  // Servers send 0 to 0 if the position is unknown.
  if (start !== undefined && end !== undefined && end > start) {
    citation.start = start;
    citation.end = end;
  }
  return citation;
}

/** Whether the citation goes back as it came. */
export function isOwn({ extension }: Citation): boolean {
  return extension?.dialect === ID;
}

/**
 * The annotation for a citation in a text of `length` UTF-16 units; undefined if it has no form here. A citation without a place covers the
 * whole text.
 * @param base where that text begins in its part.
 */
export function buildAnnotation(citation: Citation, length: number, base = 0): JsonObject | undefined {
  if (citation.extension?.dialect === ID) return movedBy(base, citation.extension.fields);
  if (citation.url === undefined) return undefined;
  return {
    type: 'url_citation',
    start_index: base + (citation.start ?? 0),
    end_index: base + (citation.end ?? length),
    url: citation.url,
    // Clients show a source by its title, and one without a title not at all.
    title: citation.title || citation.url,
  };
}

function movedBy(base: number, annotation: JsonObject): JsonObject {
  const start = asNumber(annotation.start_index);
  const end = asNumber(annotation.end_index);
  if (base === 0 || start === undefined || end === undefined || end <= start) return annotation;
  return { ...annotation, start_index: base + start, end_index: base + end };
}

/** The details of a citation that an annotation has, besides the source's location. */
export const ANNOTATED = ['span'] as const;
