// Passes the body of a forwarded answer to the client as it comes, at the client's pace; where it breaks off, so does the client's.
import type { AnswerReader } from '../../dialects/forwarded-path.ts';
import { type GatewayError, toGatewayError } from '../../model/errors.ts';
import type { StringEditor } from '../../model/json/string-editor.ts';
import type { Cancellation } from '../../upstream/cancellation.ts';
import type { BodyReader } from '../../upstream/transport.ts';
import type { Sent } from '../attempts/send.ts';
import { clientLeft, isClientLeft } from '../cancellation-errors.ts';
import { brokeOff } from '../pumps/pump.ts';
import { BODY_CAPTURE, BodyCapture } from '../record/body-capture.ts';
import type { Observer } from '../record/observer.ts';
import { type ExchangeRecord, failedWith } from '../record/record.ts';
import type { ByteSink, ByteSource } from './byte-source.ts';

export interface ForwardedAnswerOptions {
  /** For messages. */
  provider: string;
  /** Longest silence within the answer. */
  idleMs: number;
  /** Whether the answer goes into the row. */
  keeps: boolean;
  /** Changes the answer on its way; left out where nothing does. */
  editor?: StringEditor;
  /** Reads the answer's usage, and notes it in the observer; left out if it is not read. */
  billing?: { reader: AnswerReader; observer: Pick<Observer, 'note'> };
  monotonic(): number;
}

export class ForwardedAnswer implements ByteSource, BodyReader {
  private readonly sent: Sent;
  private readonly record: ExchangeRecord;
  private readonly client: Cancellation;
  private readonly options: ForwardedAnswerOptions;
  private sink: ByteSink | null = null;
  private isPaused = false;
  private over = false;

  /** @param record ends when the answer does. */
  constructor(sent: Sent, record: ExchangeRecord, client: Cancellation, options: ForwardedAnswerOptions) {
    this.sent = sent;
    this.record = record;
    this.client = client;
    this.options = options;
    if (options.keeps) record.capture = new BodyCapture(BODY_CAPTURE);
  }

  // Called for the client.

  start(sink: ByteSink): void {
    this.sink = sink;
    this.wait();
    this.sent.response.body.read(this);
  }

  resume(): void {
    if (!this.isPaused || this.over) return;
    this.isPaused = false;
    this.wait();
    this.sent.response.body.resume();
  }

  cancel(): void {
    if (this.over) return;
    this.client.abort(clientLeft());
    this.sent.response.body.cancel();
    this.finish();
    this.record.end({ status: 'aborted' });
  }

  /** Reads an answer that no client reads; resolves when it is over. */
  drained(): Promise<void> {
    return new Promise((resolve, reject) => this.start({ write: () => true, end: resolve, fail: reject }));
  }

  // Called by the upstream's body.

  chunk(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.over) return;
    const { record, sent, options } = this;
    record.seen?.timing.arrived();
    sent.call.watchdog.rest();
    options.billing?.reader.take(bytes);
    const hasRoom = this.pass(options.editor?.take(bytes) ?? bytes);
    record.seen?.timing.handed(this.options.monotonic());
    if (hasRoom) {
      this.wait();
      return;
    }
    this.isPaused = true;
    sent.response.body.pause();
  }

  end(): void {
    if (this.over) return;
    const { editor } = this.options;
    if (editor !== undefined) this.pass(editor.end());
    const error = this.finish();
    this.record.end(error === undefined ? { status: 'success' } : failedWith(error));
    this.sink?.end();
  }

  failed(thrown: Error): void {
    if (this.over) return;
    const { client, record, sent, options } = this;
    const cause = client.aborted
      ? client.reason
      : (sent.call.timeout() ?? brokeOff(options.provider, thrown));
    this.finish();
    const error = toGatewayError(cause);
    record.end(isClientLeft(error) ? { status: 'aborted' } : failedWith(error));
    this.sink?.fail(error);
  }

  /** Returns whether there is room for more. */
  private pass(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true;
    this.record.capture?.take(bytes);
    return this.sink?.write(bytes) === true;
  }

  private wait(): void {
    const now = this.record.seen?.timing.waiting();
    this.sent.call.watchdog.wait('idle', this.options.idleMs, now);
  }

  /** @returns the error with which the answer ended, if the client has been told of it. */
  private finish(): GatewayError | undefined {
    this.over = true;
    this.record.seen?.timing.arrived();
    this.sent.call.release();
    const { billing } = this.options;
    const { usage, error } = billing?.reader.result() ?? {};
    if (usage !== undefined) billing?.observer.note({ type: 'usage', usage });
    return error;
  }
}
