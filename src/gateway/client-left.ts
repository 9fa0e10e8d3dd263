// The error that stands for a client that disconnected. Nobody reads what follows it.
import { GatewayError } from '../model/errors.ts';

const CLIENT_LEFT = 499;

export function clientLeft(): GatewayError {
  return new GatewayError('internal', 'the client closed the connection', { status: CLIENT_LEFT });
}

export function isClientLeft({ code, status }: GatewayError): boolean {
  return code === 'internal' && status === CLIENT_LEFT;
}
