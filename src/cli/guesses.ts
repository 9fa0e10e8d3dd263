// What people who know other programs type, and what does the same here.
import { nearestName } from '../model/nearest.ts';
import { CLIENT_PROGRAMS } from './client-programs.ts';

/** Actions on a background gateway, as `sluice daemon ACTION`. */
const OF_DAEMON = ['start', 'stop', 'restart', 'status', 'logs'];

/** For each command, the words that people use for it. */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  '--version': ['version'],
  check: ['config', 'validate', 'lint', 'providers', 'models', 'list'],
  costs: ['usage', 'stats', 'spend', 'spending', 'money', 'bill'],
  credentials: ['key', 'keys', 'auth', 'login', 'secret', 'secrets'],
  doctor: ['test', 'ping', 'health', 'diagnose'],
  route: ['explain', 'routes'],
  tail: ['watch', 'top', 'live', 'follow'],
  run: ['exec', 'launch'],
  'ledger copy': ['migrate', 'import', 'db', 'database'],
  'daemon start': ['up'],
  'daemon stop': ['down', 'kill'],
  'daemon status': ['ps', 'info'],
  'daemon logs': ['log', 'audit', 'requests', 'history'],
};

/** What no command does, and where it can be found. */
const ELSEWHERE: readonly (readonly [words: readonly string[], where: string])[] = [
  [
    ['init', 'setup', 'install', 'configure'],
    'nothing has to be set up: "sluice serve" works without a configuration, which is described in docs/configuration.md',
  ],
  [
    ['metrics', 'budget', 'budgets'],
    'figures and budgets are in the dashboard, at the gateway’s address in a browser, and for scripts in its /gateway/metrics',
  ],
  [
    ['dashboard', 'ui', 'web', 'open'],
    'the dashboard is at the gateway’s address in a browser; "sluice daemon status" shows it',
  ],
  [
    ['update', 'upgrade'],
    'it does not update itself: after an update of the clone or the package, "sluice daemon restart" starts the new one',
  ],
];

/** What follows `unknown command "…"`: the command that was probably meant, in brackets, or nothing. */
export function guess(word: string, commands: readonly string[]): string {
  const where = ELSEWHERE.find(([words]) => words.includes(word))?.[1];
  if (where !== undefined) return ` (${where})`;
  const meant = meantBy(word) ?? nearestOf(word, commands);
  return meant === undefined ? '' : ` (did you mean "${meant}"?)`;
}

function meantBy(word: string): string | undefined {
  if (Object.hasOwn(CLIENT_PROGRAMS, word)) return `run ${word}`;
  return Object.keys(MEANT).find((command) => MEANT[command]?.includes(word));
}

function nearestOf(word: string, commands: readonly string[]): string | undefined {
  const nearest = nearestName(word, [...commands, ...OF_DAEMON]);
  return nearest !== undefined && OF_DAEMON.includes(nearest) ? `daemon ${nearest}` : nearest;
}
