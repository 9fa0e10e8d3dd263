// Calls back whenever nothing has happened on a connection for some time, with a single timer however much happens.
import type { GatewayHost } from '../host.ts';

export class IdleTimer {
  private readonly host: Pick<GatewayHost, 'monotonic' | 'setTimer'>;
  private readonly ms: number;
  private readonly idle: () => void;
  private last: number;
  private cancel: () => void;

  /** @param ms of silence. @param idle called after each such silence, until stopped. */
  constructor(host: Pick<GatewayHost, 'monotonic' | 'setTimer'>, ms: number, idle: () => void) {
    this.host = host;
    this.ms = ms;
    this.idle = idle;
    this.last = host.monotonic();
    this.cancel = host.setTimer(this.check, ms);
  }

  /** To be called when something has happened. */
  touch(): void {
    this.last = this.host.monotonic();
  }

  /** Milliseconds since something happened. */
  silence(): number {
    return this.host.monotonic() - this.last;
  }

  stop(): void {
    this.cancel();
  }

  private readonly check = () => {
    const left = this.ms - this.silence();
    // Timers may fire a fraction early.
    const isDue = left < 1;
    this.cancel = this.host.setTimer(this.check, isDue ? this.ms : left);
    if (isDue) this.idle();
  };
}
