// Exports traces and metrics of all requests to a collector. Loaded only where OpenTelemetry's variables ask for it.
import type { LedgerRow } from '../ledger/rows/row.ts';
import type { AddressOf, SystemOf } from './attributes.ts';
import { connectionData, type OpenConnections } from './connection-data.ts';
import { createGenAiMeter } from './gen-ai-meter.ts';
import { metricData } from './metric-data.ts';
import { createMetricChanges } from './metric-changes.ts';
import { createSender, type SenderHost } from './sender.ts';
import {
  CONTENT_TYPES,
  createResource,
  refusedPoints,
  refusedSpans,
  type Resource,
  type SpanData,
  serializeMetrics,
  serializeSpans,
} from './serializers.ts';
import type { OtlpSettings, OtlpTarget } from './settings.ts';
import { spansOf } from './spans.ts';

export interface ExporterHost extends SenderHost {
  /** Unix milliseconds. */
  now(): number;
  randomId(): string;
  version: string;
  systemOf: SystemOf;
  addressOf: AddressOf;
  /** Connections to providers' servers, of all processes. */
  connections(): readonly OpenConnections[] | Promise<readonly OpenConnections[]>;
}

export interface Exporter {
  /** Never throws and never waits. */
  see(row: LedgerRow): void;
  /** Sends what is left, one time, and stops. */
  close(): Promise<void>;
}

const FULL_BATCH = 512;
/** The most spans that may wait for a collector; further ones are dropped. */
const MOST_WAITING = 4_096;
/** With the sender's pauses, this is five minutes: a collector is gone for longer only if nobody restarts it. */
const MOST_TRIES_OF_SPANS = 14;
/** Few, since the next report includes everything of this one. */
const MOST_TRIES_OF_METRICS = 4;

export function createExporter(settings: OtlpSettings, host: ExporterHost): Exporter {
  // Without this, a collector would take two gateways for one whose counters go back with each report.
  const instance = { 'service.instance.id': host.randomId() };
  const resource = createResource({ ...instance, ...settings.resource, 'service.version': host.version });
  const parts = [
    ...(settings.traces === null
      ? []
      : [createTraces(settings.traces, settings.traceDelayMs, resource, host)]),
    ...(settings.metrics === null
      ? []
      : [createMetrics({ ...settings, target: settings.metrics }, resource, host)]),
  ];
  return {
    see(row) {
      try {
        for (const part of parts) part.see(row);
      } catch (thrown) {
        host.log('warn', 'OpenTelemetry: a request could not be exported', {
          request_id: row.requestId,
          error: thrown,
        });
      }
    },
    async close() {
      await Promise.all(parts.map((part) => part.close()));
    },
  };
}

function createTraces(target: OtlpTarget, delayMs: number, resource: Resource, host: ExporterHost): Exporter {
  const sender = createSender('traces', CONTENT_TYPES[target.encoding], target, host, (answer) =>
    refusedSpans(target.encoding, answer),
  );
  const context = { resource, version: host.version, systemOf: host.systemOf, addressOf: host.addressOf };
  let waiting: SpanData[] = [];
  let dropped = 0;
  let cancelTimer: (() => void) | undefined;
  let sending: Promise<void> | undefined;
  let isClosing = false;

  function arm(): void {
    if (sending !== undefined || waiting.length === 0) return;
    if (waiting.length >= FULL_BATCH || isClosing) {
      cancelTimer?.();
      begin();
    } else {
      cancelTimer ??= host.setTimer(begin, delayMs);
    }
  }

  function begin(): void {
    cancelTimer = undefined;
    sending ??= sendBatch().finally(() => {
      sending = undefined;
      arm();
    });
  }

  async function sendBatch(): Promise<void> {
    const batch = waiting.slice(0, FULL_BATCH);
    waiting = waiting.slice(FULL_BATCH);
    const taken = await sender.send(serializeSpans(target.encoding, batch), MOST_TRIES_OF_SPANS);
    if (!taken) dropped += batch.length;
    if (!taken || dropped === 0) return;
    host.log('warn', 'OpenTelemetry: spans were dropped while the collector accepted none', {
      spans: dropped,
    });
    dropped = 0;
  }

  return {
    see(row) {
      const spans = spansOf(row, context);
      if (waiting.length + spans.length > MOST_WAITING) dropped += spans.length;
      else waiting.push(...spans);
      arm();
    },
    async close() {
      isClosing = true;
      sender.hurry();
      arm();
      while (sending !== undefined) await sending;
      if (dropped > 0) host.log('warn', 'OpenTelemetry: spans were dropped', { spans: dropped });
    },
  };
}

type MetricSettings = Pick<OtlpSettings, 'metricIntervalMs' | 'temporality'> & { target: OtlpTarget };

function createMetrics(
  { target, metricIntervalMs, temporality }: MetricSettings,
  resource: Resource,
  host: ExporterHost,
): Exporter {
  const sender = createSender('metrics', CONTENT_TYPES[target.encoding], target, host, (answer) =>
    refusedPoints(target.encoding, answer),
  );
  const meter = createGenAiMeter(host.systemOf);
  const startedAt = host.now();
  const changes = temporality === 'delta' ? createMetricChanges(startedAt) : null;
  let sending: Promise<void> | undefined;
  let cancelTimer = () => {};

  async function report(): Promise<Uint8Array> {
    const connections = await openConnections();
    const now = host.now();
    const due = changes === null ? meter.metrics : changes.take(meter.metrics, now);
    const period = { from: changes === null ? startedAt : changes.since(), until: now, temporality };
    const metrics = due.map((metric) => metricData(metric, period));
    if (connections.length > 0) metrics.push(connectionData(connections, startedAt, now));
    const scope = { name: 'sluice', version: host.version };
    return serializeMetrics(target.encoding, { resource, scopeMetrics: [{ scope, metrics }] });
  }

  async function openConnections(): Promise<readonly OpenConnections[]> {
    try {
      return await host.connections();
    } catch (thrown) {
      host.log('warn', 'OpenTelemetry: open connections could not be exported', { error: thrown });
      return [];
    }
  }

  function arm(): void {
    cancelTimer = host.setTimer(() => {
      arm();
      sending ??= sendMetrics().finally(() => {
        sending = undefined;
      });
    }, metricIntervalMs);
  }

  async function sendMetrics(): Promise<void> {
    const isTaken = await sender.send(await report(), MOST_TRIES_OF_METRICS);
    if (isTaken) changes?.delivered();
  }

  arm();
  return {
    see: meter.see,
    async close() {
      cancelTimer();
      sender.hurry();
      await sending;
      await sendMetrics();
    },
  };
}
