// wrk saturates a server with plain requests: cheaper than any client written here.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from './child.ts';
import { OTHER_CORE } from './contender.ts';

const WRK = Bun.which('wrk');

export function hasWrk(): boolean {
  return WRK !== null;
}

export interface WrkOptions {
  directory: string;
  port: number;
  path: string;
  headers: Record<string, string>;
  body: string;
  connections: number;
  seconds: number;
}

export interface WrkResult {
  requests: number;
  seconds: number;
  /** Answers that were not 2xx, and socket errors. */
  failed: number;
}

export async function runWrk(options: WrkOptions): Promise<WrkResult> {
  const script = join(options.directory, 'wrk.lua');
  writeFileSync(script, luaScript(options));
  const url = `http://127.0.0.1:${options.port}${options.path}`;
  const { connections, seconds } = options;
  const command = [WRK ?? 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url];
  const child = startChild(command, { core: OTHER_CORE });
  for (;;) {
    const [, requests, microseconds, failed] =
      /^RESULT (\d+) (\d+) (\d+)$/.exec(await child.readLine()) ?? [];
    if (requests === undefined) continue;
    await child.stop();
    return { requests: Number(requests), seconds: Number(microseconds) / 1e6, failed: Number(failed) };
  }
}

function luaScript({ headers, body }: WrkOptions): string {
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[${lua(name)}] = ${lua(value)}`);
  return `wrk.method = "POST"
${lines.join('\n')}
wrk.body = ${lua(body)}
done = function(summary)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("RESULT %d %d %d\\n", summary.requests, summary.duration, failed))
end
`;
}

/** As a Lua string, every byte that is not plain ASCII by its number. */
function lua(text: string): string {
  const escaped = [...Buffer.from(text)].map((byte) =>
    byte >= 32 && byte < 127 && byte !== 34 && byte !== 92
      ? String.fromCharCode(byte)
      : `\\${String(byte).padStart(3, '0')}`,
  );
  return `"${escaped.join('')}"`;
}
