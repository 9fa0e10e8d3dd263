// What stands in the way of each target, by the finding's name. Kept by hand: docs/benchmarks.md says it of the targets
// that a run did not reach. After a change, `npm run bench -- --render` writes the page anew from the last result.

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
    'what passthrough takes, and beyond it an event is parsed, put in order, and written anew, with data of each stream that ' +
    'has to be fetched from memory page by page (docs/adr/0015): large pages (below) are worth more here than any code.',
  'CPU per event, responses → gemini, over passthrough':
    'only the text and the counts of most events are read any more (docs/adr/0017), but each is put in order and written anew, ' +
    'with data of its own that the processor’s caches no longer hold where it comes with ten others; what passthrough saves of ' +
    'the same waits makes the ratio no better.',
  'Plain requests/s, passthrough':
    'a proxy on this runtime that does nothing else takes three times nginx’s CPU (below: bare Bun); beyond it most is ' +
    'the main thread’s, and spread over a hundred functions, of which none takes more than four in a hundred: ' +
    '[profiles.md](profiles.md) has the microseconds.',
  '200-event streams/s, passthrough':
    'half of nginx’s rate would be less than a plain request takes; beyond what a request costs, most is the body of 25 KB ' +
    'that the ledger keeps: copied, searched for secrets, packed and written ([profiles.md](profiles.md)).',
  'Plain requests/s with the ledger':
    'a row, its bodies with secrets taken out, and their way to the store’s thread, which shares the core here.',
  'CPU per event with the ledger': 'the body is captured as it flows, and written when the stream is over.',
  'Memory per open stream':
    'over the runtime’s own streams and sockets (below: bare Bun), the state of each exchange and what the garbage ' +
    'collector leaves until it runs.',
  'Plain requests/s of two workers with twice the CPU':
    'rows go from the workers to the process that keeps the ledger; each request is noted in memory that outlives its ' +
    'worker; and of as many requests each of two finds half as many at once, which it deals with together (docs/adr/0013).',
  'Idle memory': 'most of it is the runtime itself.',
  'Start to first answer': 'the launcher starts Node first and Bun second.',
  'Added to the whole answer at 50/s, p99, passthrough': SLOWEST_OF_A_HUNDRED,
  'Added to the first token at 50/s, p99, passthrough': SLOWEST_OF_A_HUNDRED,
  'Added to the whole answer at 50/s, p99, responses → gemini': SLOWEST_OF_A_HUNDRED,
  'Added to the first token at 50/s, p99, responses → gemini': SLOWEST_OF_A_HUNDRED,
};
