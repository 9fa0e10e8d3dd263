// A pump that delegates to another one, except for what a subclass overrides.
import type { GatewayError } from '../../model/errors.ts';
import type { Pump } from './pump.ts';

export class WrappedPump<Out> implements Pump<Out> {
  protected readonly stream: Pump<Out>;

  constructor(stream: Pump<Out>) {
    this.stream = stream;
  }

  push(chunk: Uint8Array): Out | undefined {
    return this.stream.push(chunk);
  }

  more(): Out | undefined {
    return this.stream.more?.();
  }

  end(): Out | undefined {
    return this.stream.end();
  }

  fail(error: GatewayError): Out | undefined {
    return this.stream.fail(error);
  }

  ended(): boolean {
    return this.stream.ended();
  }

  tookEvent(): boolean {
    return this.stream.tookEvent();
  }

  hasKeepAlives(): boolean {
    return this.stream.hasKeepAlives();
  }

  settle(): void {
    this.stream.settle();
  }

  gaveUp(): boolean {
    return this.stream.gaveUp();
  }

  broke(): boolean {
    return this.stream.broke?.() === true;
  }
}

/** The pump of an answer that another target may have to continue. */
export class BreakablePump<Out> extends WrappedPump<Out> {
  private readonly hasBroken: () => boolean;

  constructor(stream: Pump<Out>, hasBroken: () => boolean) {
    super(stream);
    this.hasBroken = hasBroken;
  }

  override broke(): boolean {
    return this.hasBroken();
  }
}
