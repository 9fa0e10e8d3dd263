// A TLS identity in the form that the runtime's sockets and its fetch take.
import type { TlsIdentity } from '../../upstream/transport.ts';

/** Authorities that are named replace the system's. */
export function tlsOptions({ cert, key, ca }: TlsIdentity): { cert?: string; key?: string; ca?: string } {
  return {
    ...(cert !== null && key !== null && { cert, key }),
    ...(ca !== null && { ca }),
  };
}
