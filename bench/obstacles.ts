// What prevents reaching each target, by the finding's name. Kept by hand: docs/benchmarks.md shows it for the targets that
// a run did not reach. After a change, `npm run bench -- --render` renders the page again from the last result.

const SLOWEST_OF_A_HUNDRED =
  'of 250 requests this is the third slowest, on the one core that all threads of the gateway share here. What delays it varies ' +
  'from run to run by more than the target (lowest and highest in brackets), and with the machine: one build measured 0.8 ms on ' +
  'one day and about 4 ms on the next, and so did a newer build next to it. nginx adds about as much as the target, or more ' +
  '(below). Half as many batches of the ledger changed nothing. So rare a request finds the processor’s caches cold and takes ' +
  'eight times the CPU that it takes at full speed (in nginx eighteen times: [profiles.md](profiles.md)).';

export const OBSTACLES: Record<string, string> = {
  'CPU per event, passthrough':
    'most of it is what the runtime takes to pass a chunk on at all (below: bare Bun); the rest are the frames, the tap ' +
    'and the record of each.',
  'CPU per event, responses → gemini':
    'in addition to what passthrough takes, an event is parsed, sequenced and encoded again, with data of each stream that ' +
    'must be fetched from memory page by page (docs/adr/0015): large pages (below) help more here than any code.',
  'CPU per event, responses → gemini, over passthrough':
    'of most events only the text and the counts are still read (docs/adr/0017), but each is sequenced and encoded again, ' +
    'with its stream’s data, which the processor’s caches no longer hold when ten others come with it; passthrough waits for ' +
    'memory less, which does not improve the ratio.',
  'Plain requests/s, passthrough':
    'a proxy on this runtime that does nothing else takes three times nginx’s CPU (below: bare Bun); the rest is mostly ' +
    'the main thread’s, spread over a hundred functions, none of which takes more than 4 %: ' +
    '[profiles.md](profiles.md) has the microseconds.',
  '200-event streams/s, passthrough':
    'half of nginx’s rate would be less than a plain request takes; apart from the cost of a request, most of it is the body of 25 KB ' +
    'that the ledger keeps: searched for secrets, compressed and written ([profiles.md](profiles.md)).',
  'Plain requests/s with the ledger':
    'a row, its bodies with secrets removed, and their transfer to the store’s thread, which shares the core here.',
  'CPU per event with the ledger': 'the body is captured as it flows, and written when the stream is over.',
  'Memory per open stream':
    'over the runtime’s own streams and sockets (below: bare Bun), the state of each exchange and what the garbage ' +
    'collector leaves until it runs.',
  'Plain requests/s of two workers with twice the CPU':
    'rows go from the workers to the process that keeps the ledger; each request is noted in memory that outlives its ' +
    'worker; and each of two workers finds half as many requests at once to handle together (docs/adr/0013).',
  'Idle memory': 'most of it is the runtime itself.',
  'Start to first answer': 'the launcher starts Node first and Bun second.',
  'Added to the whole answer at 50/s, p99, passthrough': SLOWEST_OF_A_HUNDRED,
  'Added to the first token at 50/s, p99, passthrough': SLOWEST_OF_A_HUNDRED,
  'Added to the whole answer at 50/s, p99, responses → gemini': SLOWEST_OF_A_HUNDRED,
  'Added to the first token at 50/s, p99, responses → gemini': SLOWEST_OF_A_HUNDRED,
};
