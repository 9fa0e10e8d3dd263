// An answer that streams to the client: its pings, its failure, and how its row ends.
import type { StreamEncoder } from '../../dialects/dialect.ts';
import { type GatewayError, toGatewayError } from '../../model/errors.ts';
import type { OpenStream } from '../attempts/attempt.ts';
import type { Plan } from '../attempts/plan.ts';
import type { Exchange } from '../attempts/try-context.ts';
import { clientLeft, isClientLeft } from '../cancellation-errors.ts';
import type { Relay, Taker } from '../pumps/relay.ts';
import { BODY_CAPTURE, BodyCapture } from '../record/body-capture.ts';
import { type ExchangeRecord, failedWith } from '../record/record.ts';
import { formsIn, plainContext } from './answer-context.ts';
import type { ClientStreamOptions } from './client-stream.ts';
import { redactError } from '../../model/redact/redact-error.ts';
import type { Reframer } from './reframe.ts';

const textEncoder = new TextEncoder();
const LINE_FEED = 10;

/** Leaves out the rest of the plan, which holds the request that was sent. */
export type Opened = OpenStream<Uint8Array> & Pick<Plan, 'sameDialect'>;

/**
 * What a client reads while its answer streams. A class rather than a closure in `answerStream`, which would keep everything in that
 * function's scope alive.
 */
export class StreamedAnswer implements ClientStreamOptions {
  readonly pingIntervalMs: number;
  readonly pingsFirst: boolean;
  readonly errorFrom: ClientStreamOptions['errorFrom'];
  readonly reframer: Reframer | null;
  readonly monotonic: ClientStreamOptions['monotonic'];
  readonly setTimer: ClientStreamOptions['setTimer'];
  private readonly exchange: Exchange;
  private readonly record: ExchangeRecord;
  private relay: Relay<Uint8Array> | null;
  /** Set if no upstream stream was open yet when the response's head went out. */
  private readonly opening: Promise<Opened> | null;
  private failure: GatewayError | undefined = undefined;
  private pingText: Uint8Array | undefined = undefined;

  constructor(
    exchange: Exchange,
    reframer: Reframer | null,
    relay: Relay<Uint8Array> | null,
    opening: Promise<Opened> | null,
  ) {
    const { host, record, pingIntervalMs } = exchange;
    this.exchange = exchange;
    this.reframer = reframer;
    this.record = record;
    this.relay = relay;
    this.opening = opening;
    this.pingIntervalMs = pingIntervalMs;
    this.pingsFirst = opening !== null;
    if (exchange.question.incoming?.traits.overlooksErrors === 'framed')
      // An error outside of events is the last line, without a line feed at its end.
      this.errorFrom = (bytes) =>
        this.error() === undefined ? bytes.length : bytes.lastIndexOf(LINE_FEED) + 1;
    this.monotonic = host.monotonic;
    this.setTimer = host.setTimer;
    if (record.keepsAnswer) record.capture = new BodyCapture(BODY_CAPTURE);
  }

  ping(): Uint8Array {
    this.pingText ??= this.reframer?.ping ?? textEncoder.encode(this.encoder().ping());
    return this.pingText;
  }

  hasEnding(): boolean {
    const { record } = this;
    return record.serving && outcome(record).finish;
  }

  next(taker: Taker<Uint8Array>): void {
    if (this.failure !== undefined) taker.take(undefined);
    else if (this.relay === null) this.openAndRead(taker);
    else this.relay.next(taker);
  }

  failed(thrown: unknown): Uint8Array {
    const error = redactError(toGatewayError(thrown), this.exchange.redact);
    this.failure ??= error;
    return (
      this.relay?.encodeFailure?.(error) ??
      textEncoder.encode(this.encoder().encode({ type: 'error', error }))
    );
  }

  breaksOffBy(): GatewayError | undefined {
    return this.exchange.question.incoming?.traits.overlooksErrors === 'all' ? this.error() : undefined;
  }

  sending(bytes: Uint8Array, at: number): void {
    const { record } = this;
    record.seen?.timing.handed(at);
    record.capture?.take(bytes);
  }

  closed(how: 'completed' | 'cancelled'): void {
    const { record, client } = this.exchange;
    if (how === 'cancelled') {
      this.relay?.cancel();
      client.abort(clientLeft());
    }
    // Before an answer is served, what was seen belongs to a failed try and is not the ending of the request.
    const { finish, error = this.failure } = record.serving ? outcome(record) : NOTHING_SERVED;
    // The error may be the one with which the client's leaving ended the upstream's stream: then the request did not fail.
    const left = how === 'cancelled' || (error !== undefined && isClientLeft(error));
    if (error !== undefined && !isClientLeft(error)) record.end(failedWith(error));
    else if (finish) record.end({ status: 'success' });
    else record.end({ status: left ? 'aborted' : 'error' });
  }

  private openAndRead(taker: Taker<Uint8Array>): void {
    this.opening?.then(
      ({ relay }) => {
        this.relay = relay;
        relay.next(taker);
      },
      (thrown) => taker.take(undefined, thrown),
    );
  }

  private error(): GatewayError | undefined {
    const { record, failure } = this;
    return failure ?? (record.serving ? outcome(record).error : undefined);
  }

  private encoder(): StreamEncoder {
    const { exchange } = this;
    const model = exchange.record.target?.model ?? '';
    return formsIn(exchange).createStreamEncoder(plainContext(exchange, model));
  }
}

interface Outcome {
  finish: boolean;
  error?: GatewayError;
}

const NOTHING_SERVED: Outcome = { finish: false };

function outcome(record: ExchangeRecord): Outcome {
  const error = record.seen?.error;
  return { finish: record.seen?.finish != null, ...(error == null ? {} : { error }) };
}
