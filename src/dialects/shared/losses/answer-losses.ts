// Reports what the client's dialect cannot express of an answer, alike for whole answers and streams.
import type { Citation, Extension, ServerToolResultPart, ToolCallPart } from '../../../model/content.ts';
import type { DialectId } from '../../../model/dialect-id.ts';
import type { StreamEvent } from '../../../model/events.ts';
import type { Finish, UnifiedFinish } from '../../../model/finish.ts';
import type { Usage } from '../../../model/usage.ts';
import type { AnswerContext } from '../../dialect.ts';
import { CITES_WHOLE_TEXT, ONE_TEXT_ARGUMENT, GIVEN_AS_TEXT } from './substitutes.ts';

type AnyCall = Pick<ToolCallPart, 'id' | 'name' | 'kind' | 'extension'>;

/** Details of a citation besides its source; `span`: the words of the answer that rest on it. */
export type CitationDetail = 'citedText' | 'location' | 'span';

/** Fields of citations, in any dialect, that have a neutral form. */
const CITATION_WORDS: ReadonlySet<string> = new Set([
  ...['type', 'url', 'title', 'document_title', 'cited_text', 'filename', 'url_citation', 'source'],
  ...[
    'start_index',
    'end_index',
    'web',
    'maps',
    'image',
    'retrievedContext',
    'startIndex',
    'endIndex',
    'uri',
  ],
]);
const LOCATION_WORDS = /^(document_index|(start|end)_(char|page|block)_\w+)$/;

/** Endings that most dialects cannot express. */
export type RareEnding = Extract<
  UnifiedFinish,
  'stop_sequence' | 'pause_turn' | 'context_window_exceeded' | 'other'
>;

/** Fields that say nothing of the media, or only to the provider that stores it. A transcript is sent as text. */
const SILENT_FIELDS: ReadonlySet<string> = new Set(['type', 'id', 'status', 'expires_at', 'transcript']);

export class AnswerLosses {
  private readonly own: DialectId;
  private readonly context: AnswerContext;
  /** Names of the calls that the provider ran itself, by id; null before the first. */
  private names: Map<string, string> | null = null;

  /** @param own the dialect of the client. */
  constructor(own: DialectId, context: AnswerContext) {
    this.own = own;
    this.context = context;
  }

  lost(feature: string): void {
    this.context.lost?.(feature);
  }

  /** The client gets a substitute, which `how` describes. */
  approximated(feature: string, how: string): void {
    this.context.approximated?.(feature, how);
  }

  /** For dialects that cannot mark a refusal: it is sent as text. */
  refusal(): void {
    this.approximated('refusal', GIVEN_AS_TEXT);
  }

  /**
   * For dialects without free-text calls: names what any call loses. @param carried whether the client gets a call that the provider ran.
   */
  call(call: AnyCall, carried: boolean): void {
    if (call.kind === 'server') this.serverCall(call, carried);
    else this.foreign(call.extension);
    if (call.kind === 'custom') this.approximated('tools.custom', ONE_TEXT_ARGUMENT);
  }

  /** Names every field of an extension that is another dialect's. */
  foreign(extension: Extension | undefined): void {
    if (extension === undefined || extension.dialect === this.own) return;
    for (const field of Object.keys(extension.fields)) {
      if (extension.defaults?.includes(field) !== true) this.lost(field);
    }
  }

  /** Names the extra fields of an image or audio clip from another dialect. */
  foreignMedia(type: 'image' | 'audio', extension: Extension | undefined): void {
    if (extension === undefined || extension.dialect === this.own) return;
    for (const field of Object.keys(extension.fields)) {
      if (!SILENT_FIELDS.has(field)) this.lost(`${type}.${field}`);
    }
  }

  /**
   * Names the details of a citation that the client does not get.
   * @param carried the details that its dialect's form includes.
   */
  citation(citation: Citation, carried: readonly CitationDetail[]): void {
    const { citedText, location, start, extension } = citation;
    if (extension?.dialect === this.own) return;
    if (citedText && !carried.includes('citedText')) this.lost('citations.cited_text');
    if (location !== undefined && !carried.includes('location')) this.lost('citations.location');
    if (start !== undefined && !carried.includes('span')) this.approximated('citations', CITES_WHOLE_TEXT);
    for (const [name, value] of Object.entries(extension?.fields ?? {})) {
      if (value === null || value === undefined || value === '' || CITATION_WORDS.has(name)) continue;
      if (location === undefined || !LOCATION_WORDS.test(name)) this.lost(`citations.${name}`);
    }
  }

  /**
   * Names what only the provider's dialect can express of a call that the provider ran itself. @param carried whether the client gets it.
   */
  serverCall({ id, name, extension }: Omit<AnyCall, 'kind'>, carried: boolean): void {
    this.names ??= new Map();
    this.names.set(id, name);
    if (!carried) this.lost(`tools.${name}`);
    else if (extension !== undefined && extension.dialect !== this.own) {
      // Its type became that of the item.
      const { type: _, ...fields } = extension.fields;
      this.foreign({ ...extension, fields });
    }
  }

  /** Names, by its call's name, a result of such a call that the client does not get. */
  serverResult({ callId }: Pick<ServerToolResultPart, 'callId'>): void {
    this.lost(`tools.${this.names?.get(callId) ?? 'server_tool_result'}`);
  }

  /**
   * Names what the dialect cannot express of an ending.
   * @param known the rare endings that this dialect can express.
   */
  finish({ unified, raw, stopSequence, isCut }: Finish, known: readonly RareEnding[] = []): void {
    if (stopSequence !== undefined && !known.includes('stop_sequence')) this.lost('stop_sequence');
    if (unified === 'pause_turn' && !known.includes('pause_turn')) this.lost('pause_turn');
    if (unified === 'context_window_exceeded' && !known.includes(unified))
      this.approximated('finish_reason', 'a full context window is reported as the token limit');
    if (isCut === true)
      this.approximated(
        'finish_reason',
        'an unknown reason, which cut the answer off, is reported as the token limit',
      );
    if (unified === 'other' && raw !== null && !known.includes(unified))
      this.approximated(
        'finish_reason',
        'a finish reason without an equivalent is reported as an ordinary end',
      );
  }

  /** Names counts that the dialect has no field for. */
  usage(usage: Usage, unsayable: readonly (keyof Usage)[]): void {
    for (const key of unsayable) {
      if (usage[key] > 0)
        this.lost(`usage.${key.replace(/[A-Z0-9]+/g, (found) => `_${found.toLowerCase()}`)}`);
    }
  }
}

/** The type that tells a generated clip from a generated image. */
export function mediaTypeOf({ mediaType }: Pick<Extract<StreamEvent, { type: 'media' }>, 'mediaType'>) {
  return mediaType.startsWith('audio/') ? ('audio' as const) : ('image' as const);
}
