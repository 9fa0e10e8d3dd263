// What the runtime is told of a TLS identity, as its sockets and its fetch take it.
import type { TlsIdentity } from '../../upstream/transport.ts';

/** Authorities that are named replace the system's. */
export function tlsOptions({ cert, key, ca }: TlsIdentity): { cert?: string; key?: string; ca?: string } {
  return {
    ...(cert !== null && key !== null && { cert, key }),
    ...(ca !== null && { ca }),
  };
}
