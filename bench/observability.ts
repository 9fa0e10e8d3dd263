// `npx bun bench/observability.ts`: the cost of observing requests: timing a stream, counting a request for
// Prometheus, loading the OpenTelemetry export. In one process, by CPU time.
import { createStreamTiming } from '../src/gateway/record/stream-timing.ts';
import { NO_TIMING } from '../src/ledger/rows/row.ts';
import { createMeter } from '../src/telemetry/meter.ts';
import { sampleRow } from '../test/support/ledger-rows.ts';

const ROUNDS = 7;
const PIECES = 500_000;
const REQUESTS = 20_000;

const before = process.memoryUsage().rss;
const startedAt = performance.now();
await import('../src/opentelemetry/exporter.ts');
const loadMs = performance.now() - startedAt;
const loadedBytes = process.memoryUsage().rss - before;

function perUnit(units: number, work: () => void): number {
  const microseconds = Array.from({ length: ROUNDS }, () => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / units;
  });
  return Math.min(...microseconds);
}

const piece = perUnit(PIECES, () => {
  const timing = createStreamTiming(() => performance.now());
  for (let at = 0; at < PIECES; at++) {
    timing.waiting();
    timing.arrived();
    timing.content();
    timing.taken();
    timing.handed(at);
  }
});

const row = sampleRow({
  timing: { ...NO_TIMING, lastTokenMs: 1_000, gaps: '20:3 30:40 31:12 35:9', gapsMs: 900 },
});
const meter = createMeter();
const request = perUnit(REQUESTS, () => {
  for (let at = 0; at < REQUESTS; at++) meter.see(row);
});

console.log(`timing one piece of a stream    ${piece.toFixed(3)} µs`);
console.log(`counting one request            ${request.toFixed(2)} µs`);
console.log(`loading the OTLP exporter       ${loadMs.toFixed(0)} ms, ${(loadedBytes / 1e6).toFixed(0)} MB`);
