// What a proxy before a provider did instead of passing a request on.

/** A proxy as messages name it, without credentials. */
export interface NamedProxy {
  /** `http://proxy.example:3128` */
  name: string;
  /** The environment variable that names it. */
  variable: string;
  /** Whether it is sent credentials. */
  hasCredentials: boolean;
}

/** A status that the proxy itself answered, or the network's error at it. */
export class ProxyFailure extends Error {
  override readonly name = 'ProxyFailure';
  readonly proxy: NamedProxy;
  readonly problem: number | Error;

  constructor(proxy: NamedProxy, problem: number | Error) {
    super(`the proxy ${proxy.name}: ${typeof problem === 'number' ? problem : problem.message}`);
    this.proxy = proxy;
    this.problem = problem;
  }
}
