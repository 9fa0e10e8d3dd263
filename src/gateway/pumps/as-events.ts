// For a passthrough from a provider whose streams are not server-sent events: makes each of its events one, in the provider's own words.
// `response/reframe.ts` writes them as the client reads them.
import type { EventTaker, StreamFraming } from '../../dialects/dialect.ts';
import type { GatewayError } from '../../model/errors.ts';
import type { SseEvent } from '../../sse/event.ts';
import { framingError, type Pump } from './pump.ts';
import { WrappedPump } from './wrapped-pump.ts';

const textEncoder = new TextEncoder();

export class AsEventsPump extends WrappedPump<Uint8Array> implements EventTaker {
  readonly padding = undefined;
  readonly numbers = undefined;
  private readonly framing: StreamFraming;
  private readonly provider: string;
  private text = '';

  /** @param stream takes server-sent events. @param provider its name, for messages. */
  constructor(stream: Pump<Uint8Array>, framing: StreamFraming, provider: string) {
    super(stream);
    this.framing = framing;
    this.provider = provider;
  }

  override push(chunk: Uint8Array): Uint8Array | undefined {
    let broken: GatewayError | undefined;
    try {
      this.framing.push(chunk, this);
    } catch (thrown) {
      broken = framingError(this.provider, thrown);
    }
    const { text } = this;
    this.text = '';
    const passed = text === '' ? undefined : this.stream.push(textEncoder.encode(text));
    if (broken === undefined) return passed;
    const failed = this.stream.fail(broken);
    return passed === undefined || failed === undefined ? (passed ?? failed) : joined(passed, failed);
  }

  // Called by the framing.

  take({ event, data }: SseEvent): undefined {
    const lines = data.replaceAll('\n', '\ndata: ');
    this.text += `${event === '' ? '' : `event: ${event}\n`}data: ${lines}\n\n`;
  }

  repeat(): boolean {
    return false;
  }

  count(): void {
    // This framing never calls `repeat`.
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
