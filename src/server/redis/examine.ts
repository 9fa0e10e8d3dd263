// Finds out why a Redis server does not answer, since the runtime's client only says that the connection was closed.
import type { Socket } from 'node:net';
import { net, tls } from '../node-modules.ts';
import { codeOf } from '../../model/thrown.ts';

const TIMEOUT_MS = 5_000;

/** Resolves to null if it answers, otherwise to what it or the system says. Never rejects. */
export function examineRedis(url: string): Promise<string | null> {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const database = pathname.slice(1);
  const commands = [
    ...(password === ''
      ? []
      : [['AUTH', ...(username === '' ? [] : [decodeURIComponent(username)]), decodeURIComponent(password)]]),
    ...(database === '' ? [] : [['SELECT', database]]),
    ['PING'],
  ];
  return new Promise((resolve) => {
    const at = { host, port: Number(port || 6379) };
    let received = '';
    const ask = () => {
      socket.write(commands.map(encode).join(''));
    };
    const socket: Socket =
      protocol === 'rediss:'
        ? tls().connect({ ...at, ...(net().isIP(host) === 0 && { servername: host }) }, ask)
        : net().connect(at, ask);
    const end = (found: string | null) => {
      resolve(found);
      socket.destroy();
    };
    socket.setTimeout(TIMEOUT_MS, () => end(`no answer within ${TIMEOUT_MS / 1_000} s`));
    socket.on('error', (error) => end(error.message === '' ? describe(error) : error.message));
    socket.on('close', () => end('the server closed the connection'));
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      const lines = received.split('\r\n').slice(0, -1);
      const refused = lines.find((line) => !line.startsWith('+'));
      if (refused !== undefined)
        end(refused.startsWith('-') ? refused.slice(1) : 'what answers is not a Redis server');
      else if (lines.length === commands.length) end(null);
      else if (received.length > 4_096) end('what answers is not a Redis server');
    });
  });
}

/** If several addresses were tried, the error only has a code. */
function describe(error: Error): string {
  return codeOf(error) ?? error.name;
}

function encode(command: readonly string[]): string {
  return `*${command.length}\r\n${command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`;
}
