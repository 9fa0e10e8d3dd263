// The errors of requests that end before their answer: the client left, the operator cancelled them, or the gateway shut down.
import { GatewayError } from '../model/errors.ts';

const CLIENT_LEFT = 499;

/** The reason for aborting when the client has disconnected. Nobody is left to read it. */
export function clientLeft(): GatewayError {
  return new GatewayError('internal', 'the client closed the connection', { status: CLIENT_LEFT });
}

export function isClientLeft({ code, status }: GatewayError): boolean {
  return code === 'internal' && status === CLIENT_LEFT;
}

/** The error for a client whose request was ended by the operator. */
export function cancelledByOperator(): GatewayError {
  return new GatewayError('cancelled', 'the request was cancelled by the operator of this gateway');
}

/** The error for a client whose request is still running when the gateway stops waiting at shutdown. */
export function cutAtShutdown(): GatewayError {
  return new GatewayError(
    'shutting_down',
    'the gateway was shut down before the answer was complete; try again in a moment',
    { retryAfterMs: 1_000 },
  );
}

/**
 * Whether the request was ended by the operator, a changed configuration or a shutdown. Unlike a client that left, this client can still be
 * sent the error.
 */
export function isEndedFromOutside(reason: unknown): boolean {
  return reason instanceof GatewayError && !isClientLeft(reason);
}
