// The body of an upload on its way from the client to a provider: read no faster than the provider takes it.
import type { Attempt } from '../../ledger/rows/row.ts';
import { GatewayError } from '../../model/errors.ts';
import type { StringEditor } from '../../model/json/string-editor.ts';
import type { HeaderReader } from '../../model/headers.ts';
import type { Cancellation } from '../../upstream/cancellation.ts';
import type { StreamedBody } from '../../upstream/transport.ts';
import { clientLeft } from '../cancellation-errors.ts';
import type { GatewayHost } from '../host.ts';
import { Pieces } from './pieces.ts';
import { type BodyLimits, isCompressed, readBytes, within } from './read-body.ts';

/**
 * In bytes. A body up to this length is read whole, so that it can be sent again with the provider's next key. Of a longer one, this much
 * is looked at before a provider is chosen.
 */
const READ_FIRST = 1024 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;
type BodyReader = ReadableStreamDefaultReader<Bytes>;

/** What reading a request's body needs. */
export interface UploadContext {
  limits: BodyLimits;
  setTimer: GatewayHost['setTimer'];
  /** Aborted, with the reason, if the body does not arrive whole. */
  client: Cancellation;
}

/**
 * Reads a short or compressed body whole, as `readBytes` does. Of any other only the beginning is read, and `limits.maxBody` does not
 * apply. Throws what `readBytes` throws.
 *
 * @param short in bytes: the longest body that is read whole.
 */
export async function readUpload(
  request: Request,
  headers: HeaderReader,
  context: UploadContext,
  short = Math.min(READ_FIRST, context.limits.maxBody),
): Promise<Bytes | Upload> {
  const { limits, setTimer } = context;
  const declared = headers.has('transfer-encoding') ? null : lengthIn(headers);
  if (request.body === null || isCompressed(headers) || (declared !== null && declared <= short))
    return readBytes(request, headers, limits, setTimer);
  const most = declared === null ? short : Math.min(READ_FIRST, short);
  const reader = request.body.getReader();
  const pieces = new Pieces();
  try {
    while (pieces.size <= most) {
      const { done, value } = await within(reader.read(), limits.bodyTimeoutMs, setTimer);
      if (done) return pieces.join();
      pieces.add(value);
    }
  } catch (thrown) {
    cancelQuietly(reader);
    throw thrown;
  }
  return new Upload(pieces.join(), declared, reader, context);
}

/** Cancelling a body that broke off rejects with that failure, which was reported already. */
function cancelQuietly(reader: BodyReader): void {
  reader.cancel().catch(() => {});
}

function lengthIn(headers: HeaderReader): number | null {
  const text = headers.get('content-length');
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

export class Upload implements StreamedBody {
  private attempt: Pick<Attempt, 'sentBytes'> | undefined;
  private start: Bytes | null;
  private declared: number | null;
  private readonly reader: BodyReader;
  private readonly context: UploadContext;
  private editor: StringEditor | undefined;
  /** Bytes of the piece that is being sent. */
  private given = 0;

  constructor(start: Bytes, length: number | null, reader: BodyReader, context: UploadContext) {
    this.start = start;
    this.declared = length;
    this.reader = reader;
    this.context = context;
  }

  get length(): number | null {
    return this.declared;
  }

  /** Whether a part has been handed over already, so that the body cannot be sent again. */
  get hasBegun(): boolean {
    return this.start === null;
  }

  /** What was read before a provider was chosen. */
  beginning(): Bytes {
    return this.start ?? new Uint8Array(0);
  }

  /** @param start is sent in place of the beginning. */
  beginWith(start: Bytes): void {
    if (this.declared !== null) this.declared += start.length - this.beginning().length;
    this.start = start;
  }

  /**
   * Throws what the editor throws for the beginning; what it throws for a later piece ends the request.
   * @param mayGrow whether the length is unknown until the end.
   */
  editWith(editor: StringEditor, mayGrow: boolean): void {
    this.start = editor.take(this.beginning());
    this.editor = editor;
    if (mayGrow) this.declared = null;
  }

  /** @param attempt notes how many bytes its provider has taken. */
  countIn(attempt: Pick<Attempt, 'sentBytes'> | undefined): void {
    this.attempt = attempt;
  }

  async next(): Promise<Bytes | null> {
    if (this.attempt !== undefined) this.attempt.sentBytes = (this.attempt.sentBytes ?? 0) + this.given;
    this.given = 0;
    const piece = this.start ?? (await this.read());
    this.start = null;
    this.given = piece?.length ?? 0;
    return piece;
  }

  cancel(): void {
    cancelQuietly(this.reader);
  }

  private async read(): Promise<Bytes | null> {
    const { limits, setTimer, client } = this.context;
    try {
      for (;;) {
        const { done, value } = await within(this.reader.read(), limits.bodyTimeoutMs, setTimer);
        if (done) return this.rest();
        const piece = this.editor?.take(value) ?? value;
        if (piece.length > 0) return piece;
      }
    } catch (thrown) {
      const why = thrown instanceof GatewayError ? thrown : clientLeft();
      client.abort(why);
      throw why;
    }
  }

  /** What the editor still holds back; null: nothing. */
  private rest(): Bytes | null {
    const rest = this.editor?.end();
    this.editor = undefined;
    return rest === undefined || rest.length === 0 ? null : rest;
  }
}
