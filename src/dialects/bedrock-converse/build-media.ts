// Images and documents as content blocks: bytes in base64, or a place in S3.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html
import { fromBase64, toBase64 } from '../../model/base64.ts';
import type { DocumentPart, ImagePart, MediaSource } from '../../model/content.ts';
import type { JsonObject } from '../../model/json/json.ts';
import { table } from '../../model/table.ts';
import { DOCUMENT_FORMATS, IMAGE_FORMATS, VIDEO_FORMATS } from '../aws/media-formats.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { asText } from '../shared/media/text-document.ts';
import { UNREADABLE_DOCUMENT, UNREADABLE_IMAGE } from '../shared/losses/substitutes.ts';
import type { ContentScope } from './build-content.ts';

export function buildImage({ source, detail }: ImagePart, losses: LossReport): JsonObject {
  if (detail !== undefined && detail !== 'auto') losses.lost('detail');
  const bytes = buildSource(source);
  if (bytes === undefined) {
    losses.lost(`image.${source.kind}`);
    return { text: UNREADABLE_IMAGE };
  }
  const format = formatOf(source, IMAGE_FORMATS);
  if (format !== undefined) return { image: { format, source: bytes } };
  losses.lost('image', 'images are accepted as PNG, JPEG, GIF or WebP');
  return { text: UNREADABLE_IMAGE };
}

/** Returns undefined where it is neither bytes nor in S3, or has a type that Amazon does not know. */
export function buildVideo(video: MediaSource): JsonObject | undefined {
  const source = buildSource(video);
  const format = formatOf(video, VIDEO_FORMATS);
  return source === undefined || format === undefined ? undefined : { video: { format, source } };
}

export function buildDocument(
  { source, name, cites, continues }: DocumentPart,
  { losses, nextDocument, citesDocuments }: ContentScope,
): JsonObject {
  // As a document of its own it would be counted, and sources are cited by their number.
  if (continues === true && source.kind === 'text') return { text: source.text };
  const bytes = buildSource(source);
  if (bytes === undefined) {
    losses.lost(`document.${source.kind}`);
    return { text: UNREADABLE_DOCUMENT };
  }
  // Amazon knows no format for JSON, XML or code; they are sent as text.
  const format = formatOf(source, DOCUMENT_FORMATS) ?? (asText(source) && 'txt');
  if (format === undefined) {
    losses.lost('file', 'documents of this type are not accepted');
    return { text: UNREADABLE_DOCUMENT };
  }
  const known = documentName(name, nextDocument());
  if (name !== undefined && known !== name)
    losses.approximated('document.name', 'only some characters are accepted, and names must differ');
  if (cites !== true) return { document: { format, name: known, source: bytes } };
  if (!citesDocuments || !CITED.has(format)) {
    losses.lost('citations', 'the model cites PDFs and texts, outside of results');
    return { document: { format, name: known, source: bytes } };
  }
  const sent = (format === 'txt' ? plainSource(source) : undefined) ?? bytes;
  return { document: { format, name: known, source: sent, citations: { enabled: true } } };
}

/** "Only txt and pdf formats are supported when citations are enabled" */
const CITED: ReadonlySet<string> = new Set(['pdf', 'txt']);

/** Text that is to be cited must be sent as text: its bytes are refused as an invalid PDF. https://github.com/boto/boto3/issues/4726 */
function plainSource(source: MediaSource): JsonObject | undefined {
  if (source.kind === 'text') return { text: source.text };
  if (source.kind !== 'base64') return undefined;
  try {
    return { text: new TextDecoder().decode(fromBase64(source.data)) };
  } catch {
    return undefined;
  }
}

/** Names that might equal one that is numbered below. */
const NUMBERED = /^document \d+$|\(\d+\)$/;

/** A name of letters, digits, single spaces, dashes, parentheses and brackets, which differs from all others in the request. */
function documentName(name: string | undefined, number: number): string {
  const plain = (name ?? '')
    .replace(/[^A-Za-z0-9\s()[\]-]/g, ' ')
    .replace(/\s+/g, ' ')
    .trimStart()
    .slice(0, 180)
    .trimEnd();
  if (plain === '') return `document ${number}`;
  return number === 1 && !NUMBERED.test(plain) ? plain : `${plain} (${number})`;
}

function buildSource(source: MediaSource): JsonObject | undefined {
  switch (source.kind) {
    case 'base64':
      return { bytes: source.data };
    case 'text':
      return { bytes: toBase64(new TextEncoder().encode(source.text)) };
    case 'url':
      return source.url.startsWith('s3://') ? { s3Location: { uri: source.url } } : undefined;
    case 'file':
      return undefined;
  }
}

function formatOf(source: MediaSource, formats: Readonly<Record<string, string>>): string | undefined {
  if (source.kind === 'text') return formats['text/plain'];
  if (source.kind === 'file') return undefined;
  const known = source.mediaType === undefined ? undefined : formats[bareType(source.mediaType)];
  if (known !== undefined || source.kind !== 'url') return known;
  const ending = /\.(\w+)$/.exec(source.url)?.[1]?.toLowerCase() ?? '';
  const format = ENDINGS[ending] ?? ending;
  return Object.values(formats).includes(format) ? format : undefined;
}

/** Endings of files for which Amazon's name of the format differs. */
const ENDINGS: Readonly<Record<string, string>> = table({ jpg: 'jpeg', '3gp': 'three_gp' });

function bareType(mediaType: string): string {
  return mediaType.replace(/;.*$/, '').trim().toLowerCase();
}
