// nginx only as a reverse proxy: one process, no log, no buffering, connections kept open on both sides.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { behaviourPrefix } from './behaviour.ts';
import { startChild } from './child.ts';
import { type Contender, freePort, PROXY_CORE, runningOf, untilListening } from './contender.ts';

export const NGINX_NAME = 'nginx';

const PROGRAM =
  [Bun.which('nginx'), '/usr/sbin/nginx'].find((path) => path !== null && existsSync(path)) ?? null;

/** Undefined where it is not installed. */
export function findNginx(): Contender | undefined {
  return PROGRAM === null ? undefined : contenderOf(PROGRAM);
}

function contenderOf(program: string): Contender {
  return {
    name: NGINX_NAME,
    role: 'nginx',
    client: 'anthropic-messages',
    provider: 'anthropic-messages',
    async start({ directory, upstreamPort, behaviour }) {
      const port = await freePort();
      const file = join(directory, 'nginx.conf');
      writeFileSync(file, configuration(port, upstreamPort));
      const child = startChild([program, '-p', directory, '-c', file, '-e', 'stderr'], { core: PROXY_CORE });
      await untilListening(port);
      return runningOf(child, port, behaviourPrefix(behaviour));
    },
  };
}

function configuration(port: number, upstreamPort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path temp;`,
  );
  return `daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events { worker_connections 16384; }
http {
  access_log off; tcp_nodelay on; keepalive_requests 100000000; ${temporary.join(' ')}
  upstream origin { server 127.0.0.1:${upstreamPort}; keepalive 1024; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off; client_max_body_size 64m; client_body_buffer_size 64k;
      proxy_read_timeout 600s;
    }
  }
}
`;
}
