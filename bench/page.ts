// docs/benchmarks.md, made from a run's result.
import { BARE, DIRECT, FRAGMENTS, LARGE_PAGES, NO_LEDGER, SLOWEST } from './contenders.ts';
import { findAll } from './findings.ts';
import { type Finding, isReached } from './findings/finding.ts';
import { LEVELS } from './measures/many-streams.ts';
import { NGINX_NAME } from './nginx.ts';
import { OBSTACLES } from './obstacles.ts';
import { PEERS } from './peers.ts';
import { asMarkdown, describeCircumstances, findingsTable, numbersTable, ratiosTable } from './report.ts';
import type { SavedRun } from './saved-run.ts';
import { PASSTHROUGH } from './sluice.ts';

export function benchmarksPage({ circumstances, contenders, results }: SavedRun): string {
  const findings = findAll(results);
  const aimed = findings.filter(({ target }) => target !== undefined);
  const others = findings.filter(({ target }) => target === undefined);
  const names = (isPeer: boolean) =>
    contenders.filter((one) => one.isPeer === isPeer).map(({ name }) => name);
  const elsewhere = results.filter(({ commit }) => commit !== circumstances.commit);
  const about = [
    ...describeCircumstances(circumstances),
    ...elsewhere.map(({ name, commit }) => [`commit of ${name}`, commit]),
  ];
  return `# Benchmarks

Written by \`npm run bench -- --write\`, which keeps every number of every round in [benchmarks.json](benchmarks.json). Everything that
is on by default is on: the ledger with bodies, prices, routing, the tap that reads each event. Every value is the median of
its rounds, followed by the lowest and the highest if there were several; every round starts fresh processes, and each
ratio or difference is taken within one round. Absolute numbers say little about another machine; ratios to ${NGINX_NAME} in
front of the same upstream say more.

${asMarkdown([['', ''], ...about])}

## Against the targets

${asMarkdown(findingsTable(aimed))}

${obstacles(aimed)}

Measured apart: [benchmarks-codecs.md](benchmarks-codecs.md), the codecs alone, by pair, with what they allocate;
[benchmarks-compression.md](benchmarks-compression.md), \`accept-encoding\` on streams; [benchmarks-soak.md](benchmarks-soak.md), whether memory and
descriptors stay flat; [profiles.md](profiles.md), where the time goes.

## Other ratios

${asMarkdown(ratiosTable(others))}

## Every number

${asMarkdown(numbersTable(results, names(false)))}
${peers(results, names(true))}${failures(results)}
${MEASURED}`;
}

function obstacles(aimed: readonly Finding[]): string {
  const missed = aimed.filter((finding) => isReached(finding) === false);
  if (missed.length === 0) return 'All targets that were measured were reached in this run.';
  const byObstacle = Map.groupBy(missed, ({ name }) => OBSTACLES[name] ?? 'not known yet.');
  const lines = [...byObstacle].map(
    ([obstacle, findings]) => `- ${findings.map(({ name }) => `**${name}**`).join('; ')}: ${obstacle}`,
  );
  return `Not reached in this run, and what stands in the way:\n\n${lines.join('\n')}`;
}

function peers(results: SavedRun['results'], names: readonly string[]): string {
  if (names.length === 0) return '';
  const versions = PEERS.map(({ name, version }) => `${name} ${version}`).join(', ');
  return `
## Other gateways

In front of the same upstream, asked by the same clients, each with one process on one core, one round each: ${versions}.
They run as they are installed, without a store for what they record; \`npm run bench -- --help\` says how that is done. \`–\`: not
measured, or failed (below).

${asMarkdown(numbersTable(results, [PASSTHROUGH, FRAGMENTS, ...names]))}
`;
}

function failures(results: SavedRun['results']): string {
  const lines = results.flatMap(({ name, failures: failed }) =>
    failed.map(({ contender, round, message }) => `- ${name}, ${contender}, round ${round}: ${message}`),
  );
  return lines.length === 0 ? '' : `\n## Failed in this run\n\n${lines.join('\n')}\n`;
}

const LOWERED = LEVELS.filter(({ perSecond }) => perSecond !== LEVELS[0]?.perSecond).map(
  ({ streams, perSecond }) => `${streams.toLocaleString('en-US')} streams are of ${perSecond} events/s each`,
);

const MEASURED = `
## What is measured

- **${DIRECT}** is the upstream itself: the ceiling. **${NGINX_NAME}** is a reverse proxy with one process, no log, no
  buffering and connections kept open on both sides: the floor. **${BARE}** is a proxy on Sluice's runtime that
  passes bytes on and does nothing else: the floor of what can be built on it.
- Sluice is what users run: \`bin/sluice serve --workers 1\` of what \`npm run build\` makes. The process measured is the
  gateway's, without the launcher that waits for it (but the start counts from starting the launcher).
- **${PASSTHROUGH}** has an Anthropic client and an Anthropic upstream; **${NO_LEDGER}** is the same with \`audit.enabled: false\`.
  With **${LARGE_PAGES}** the system allocates memory in pages of 2 MB where it can ([deployment.md](deployment.md#large-pages)).
  **${SLOWEST}** has a client of OpenAI's Responses and a Gemini upstream: among the pairs of Anthropic's, OpenAI's and Google's dialects, the one whose
  codecs take longest ([benchmarks-codecs.md](benchmarks-codecs.md)). **${FRAGMENTS}** takes its place if a provider must send a tool's
  arguments in fragments, which Gemini does not.
- Upstream and clients are separate processes that use raw sockets, with prepared answers.
- Requests are about 1 KB, with an SDK's headers, unless another length is given.
- CPU is user and system time of the measured process, all its threads, from \`/proc/PID/stat\`, in steps of 10 ms.
- wrk and the upstream share a core, which decides how much ${NGINX_NAME} gets to do: if the rounds of its plain
  requests/s differ widely, trust the ratio of CPU per plain request.
- The memory of an open stream is the growth of resident memory over all streams, the garbage collector's
  reserves included.
- Latencies are of requests that are due at even intervals, regardless of the answers; each counts from the moment when
  the request was due, so that a delayed request shows in those after it. The clock is a thread that sleeps until each moment.
  What is added over ${DIRECT} is the difference of two quantiles of one round. At 1/s a round has so few requests that its p99 is
  nearly the slowest of them.
- **Two workers over one**: plain requests/s of one worker that may use 0.3 of a core, and of two, with the process that
  starts them, that may use 0.6 together. So clients and upstream have enough CPU on two cores as well, and they have priority
  when a worker wants the same core (until 2026-11-27 the workers had, which cost two of them more than one: starved clients and
  upstream delivered one request at a time to each). A round in which the quota was not used up
  counts as failed.
- The way of an event is from the upstream's write, whose time by a clock that all processes share is in the event's
  text, to the client's read. Upstream and clients share a core: if **${DIRECT}** is late, the delay is theirs.
  Together they cannot handle 100,000 events/s, so ${LOWERED.join(', ')}.
- Long bodies are sent one after the other over one connection; their megabytes are those that the upstream sends, or the client
  if the request is the long one. Peak memory is the most that the process had in RAM since its start.
`;
