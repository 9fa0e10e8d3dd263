// A small write leaves at once, to clients and to providers (GUARANTEES 5): the kernel's setting is read.
import { dlopen, FFIType } from 'bun:ffi';
import { describe, expect, test } from 'bun:test';
import { readdirSync, readlinkSync } from 'node:fs';
import { createHttpHost } from '../../src/server/host.ts';
import { connectRaw } from '../support/raw-client.ts';
import { createLab, plain, always } from './http1/lab.ts';

const { int, ptr } = FFIType;
const ADDRESS_BYTES = 128;
const PORT_AT = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

/** Of this process's connections whose own port, or their peer's, is this one: whether each sends without delay. */
function noDelayOf(end: 'own' | 'peer', port: number): boolean[] {
  const { symbols } = dlopen('libc.so.6', {
    getsockname: { args: [int, ptr, ptr], returns: int },
    getpeername: { args: [int, ptr, ptr], returns: int },
    getsockopt: { args: [int, int, int, ptr, ptr], returns: int },
  });
  const portBy = (ask: typeof symbols.getsockname, descriptor: number) => {
    const address = Buffer.alloc(ADDRESS_BYTES);
    return ask(descriptor, address, sized(ADDRESS_BYTES)) === 0 ? address.readUInt16BE(PORT_AT) : undefined;
  };
  return descriptors().flatMap((descriptor) => {
    const ports = {
      own: portBy(symbols.getsockname, descriptor),
      peer: portBy(symbols.getpeername, descriptor),
    };
    if (ports.peer === undefined || ports[end] !== port) return [];
    const value = Buffer.alloc(4);
    const failed = symbols.getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, value, sized(value.length));
    return failed ? [] : [value.readInt32LE() !== 0];
  });
}

function sized(bytes: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes);
  return size;
}

function descriptors(): number[] {
  return readdirSync('/proc/self/fd').filter(isSocket).map(Number);
}

function isSocket(name: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:');
  } catch {
    // Closed meanwhile: that of the listing itself is.
    return false;
  }
}

describe.skipIf(process.platform !== 'linux')('a small write leaves at once', () => {
  test('to a client', async () => {
    const host = createHttpHost({
      hostname: '127.0.0.1',
      port: 0,
      fetch: async () => new Response('here'),
      onError: () => {},
    });
    const client = await connectRaw(host.port);
    client.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await client.until((text) => text.includes('here'));
    expect(noDelayOf('own', host.port)).toEqual([true]);
    client.leave();
    await host.drain(0);
  });

  test('to a provider', async () => {
    const { ask, serve } = createLab();
    const server = serve(always(() => plain('ok')));
    await ask(server.url);
    expect(noDelayOf('peer', Number(new URL(server.url).port))).toEqual([true]);
  });
});
