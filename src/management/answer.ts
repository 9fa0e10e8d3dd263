// Errors of the management pages: `{error: {code, message, param?}}`.
import { withoutKeyShapes } from '../model/redact/shapes.ts';
import { messageOf } from '../model/thrown.ts';

export interface ManagementErrorOptions {
  /** The query parameter at fault. */
  param?: string;
  headers?: Record<string, string>;
}

export class ManagementError extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | undefined;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, options: ManagementErrorOptions = {}) {
    super(message);
    this.name = 'ManagementError';
    this.status = status;
    this.code = code;
    this.param = options.param;
    this.headers = options.headers ?? {};
  }
}

/**
 * Any error but a ManagementError comes from the ledger's store: the pages call nothing else that can fail. A message may repeat
 * a path or a parameter's name in which a key stands by mistake (GUARANTEES 18).
 */
export function answerError(thrown: unknown): Response {
  const error =
    thrown instanceof ManagementError
      ? thrown
      : new ManagementError(
          503,
          'ledger_unavailable',
          `the ledger cannot be read: ${messageOf(thrown)}; ` +
            'requests are served all the same, see /gateway/health',
        );
  const { code, message, param, status, headers } = error;
  const told = { code, message: withoutKeyShapes(message) };
  return Response.json(
    { error: param === undefined ? told : { ...told, param: withoutKeyShapes(param) } },
    { status, headers: { ...headers, 'cache-control': 'no-store' } },
  );
}
