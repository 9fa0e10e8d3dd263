// What a proxy before a provider did instead of passing a request on.

/** A proxy as messages speak of it: nothing here tells who may use it. */
export interface NamedProxy {
  /** `http://proxy.example:3128` */
  name: string;
  /** Of the environment, which names it. */
  variable: string;
  /** It is told who asks. */
  hasCredentials: boolean;
}

/** A status that it answered itself, or what the network said of it. */
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
