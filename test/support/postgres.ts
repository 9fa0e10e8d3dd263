// A PostgreSQL of the tests' own: begun when first asked for, shared by the test files of a run, gone with the run.
import { chmodSync, chownSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SQL } from 'bun';
import { freePort } from './free-port.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const POSTGRES_PASSWORD = 'pg-Pa55 w@rd/%';

export interface Cluster {
  port: number;
  /** The address of a new, empty database. */
  createDatabase(): Promise<string>;
  /** Ends the server at once, as a crash would. */
  kill(): Promise<void>;
  /** Begins it anew, on the same port and with the same databases. */
  restart(): Promise<void>;
  /** Holds the server and all its sessions still. */
  pause(): void;
  resume(): void;
  /** Ends it and removes its files. */
  remove(): Promise<void>;
}

/** Where the programs are, null where they are not installed. */
function findPrograms(): string | null {
  const onPath = Bun.which('postgres');
  if (onPath !== null && existsSync(join(onPath, '..', 'initdb'))) return join(onPath, '..');
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(debian, version, 'bin')).find((path) => existsSync(path)) ?? null;
}

const programs = findPrograms();
export const hasPostgres = programs !== null;

if (!hasPostgres) {
  console.warn('PostgreSQL is not installed: its tests are skipped (apt-get install postgresql brings it)');
}

let shared: Promise<Cluster> | undefined;

/** The server that test files share; each asks it for a database of its own. */
export function sharedCluster(): Promise<Cluster> {
  shared ??= startCluster();
  return shared;
}

/** `settings`: of the server, before those of the tests. */
export async function startCluster(settings: Record<string, string> = {}): Promise<Cluster> {
  if (programs === null) throw new Error('PostgreSQL is not installed');
  const directory = temporaryFolder('postgres');
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, POSTGRES_PASSWORD);
  // PostgreSQL refuses to run as root: there it runs as the user that its package made.
  const asUser =
    process.getuid?.() === 0 ? ['setpriv', ...identityOf('postgres', [directory, passwordFile])] : [];
  const made = Bun.spawnSync(
    [
      ...asUser,
      join(programs, 'initdb'),
      '-D',
      data,
      '-U',
      'sluice',
      '-A',
      'scram-sha-256',
      '--no-sync',
      '-E',
      'UTF8',
      '--locale=C',
      `--pwfile=${passwordFile}`,
    ],
    { stderr: 'pipe', stdout: 'ignore' },
  );
  if (made.exitCode !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const options = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    shared_buffers: '32MB',
    max_connections: '60',
    ...settings,
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const address = (database: string) =>
    `postgres://sluice:${encodeURIComponent(POSTGRES_PASSWORD)}@127.0.0.1:${port}/${database}`;
  const start = () =>
    Bun.spawn([...asUser, join(programs, 'postgres'), '-D', data, '-p', String(port), ...flags], {
      stdout: 'ignore',
      stderr: 'ignore',
    });
  let server = start();
  let databases = 0;

  const answers = async (): Promise<void> => {
    for (;;) {
      if (server.exitCode !== null) throw new Error(`PostgreSQL ended with code ${server.exitCode}`);
      const sql = new SQL(address('postgres'), { max: 1, connectionTimeout: 5 });
      try {
        await sql.unsafe('SELECT 1');
        return;
      } catch {
        await Bun.sleep(20);
      } finally {
        await sql.close();
      }
    }
  };
  const kill = async () => {
    // SIGQUIT: all sessions end at once and nothing is written; the next start recovers.
    server.kill('SIGQUIT');
    await server.exited;
  };
  const cluster: Cluster = {
    port,
    async createDatabase() {
      databases += 1;
      const name = `ledger_${databases}`;
      const sql = new SQL(address('postgres'), { max: 1 });
      await sql.unsafe(`CREATE DATABASE ${name}`);
      await sql.close();
      return address(name);
    },
    kill,
    async restart() {
      server = start();
      await answers();
    },
    pause: () => holdStill(server.pid),
    resume: () => letGoOn(server.pid),
    async remove() {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await answers();
  endWithUs(directory, data);
  return cluster;
}

/** However this process ends: its end of a pipe closes, and what waits at the other end stops the server. */
function endWithUs(directory: string, data: string): void {
  const script = 'read -r _; kill -QUIT "$(head -n 1 "$2/postmaster.pid")"; rm -rf "$1"';
  Bun.spawn(['sh', '-c', script, 'sh', directory, data], {
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
  }).unref();
}

/** What makes setpriv run as this user; the files become that user's. `runuser` would stay between us and the server. */
function identityOf(user: string, files: readonly string[]): string[] {
  const id = (flag: string) => Number(Bun.spawnSync(['id', flag, user]).stdout.toString());
  const [uid, gid] = [id('-u'), id('-g')];
  for (const file of files) chownSync(file, uid, gid);
  const [directory] = files;
  if (directory !== undefined) chmodSync(directory, 0o700);
  return [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
}

/**
 * The server first, and it must have come to rest: while it runs, sessions begin that nobody would hold still, and others
 * end between being listed and being signalled. Those that end later stay in the list until it goes on.
 */
function holdStill(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  for (let state = ''; !state.startsWith('T'); ) {
    state = ps('stat=', '-p', pid);
    if (state === '') throw new Error('PostgreSQL has ended');
  }
  for (const session of sessionsOf(pid)) process.kill(session, 'SIGSTOP');
}

function letGoOn(pid: number): void {
  for (const session of sessionsOf(pid)) process.kill(session, 'SIGCONT');
  process.kill(pid, 'SIGCONT');
}

/** The processes that the server started. */
function sessionsOf(pid: number): number[] {
  return ps('pid=', '--ppid', pid).split(/\s+/).filter(Boolean).map(Number);
}

function ps(column: string, which: '-p' | '--ppid', pid: number): string {
  return Bun.spawnSync(['ps', '-o', column, which, String(pid)])
    .stdout.toString()
    .trim();
}
