// Watches one attempt's neutral events and remembers what the ledger, the headers and the retry rules need of them.
import { storableUsage } from '../../ledger/rows/storable-row.ts';
import type { GatewayError } from '../../model/errors.ts';
import { isContent, type StreamEvent } from '../../model/events.ts';
import type { Finish } from '../../model/finish.ts';
import {
  addUsage,
  mergeUsage,
  NO_USAGE,
  type PricedParts,
  type StatedUsage,
  USAGE_COUNTS,
  type Usage,
} from '../../model/usage.ts';
import type { SseEvent } from '../../sse/event.ts';
import type { Audience } from '../live/view.ts';
import { createStreamTiming, type StreamTiming } from './stream-timing.ts';

export interface Observer {
  see(event: StreamEvent): void;
  /** `see` for an event that did not just arrive: a transformer made it. */
  show(event: StreamEvent): void;
  /** `see` without showing it to watchers, since another target may yet be asked for the whole answer. */
  note(event: StreamEvent): void;
  noteMalformed(): void;
  /** Whether this answer's text is watched: none of it may be skipped unread. */
  wantsText(): boolean;
  readonly seen: Observation;
}

export interface Observation {
  model: string | null;
  usage: Usage;
  usageKnown: boolean;
  /** The service tier that answered; null: the usual one, or none was said. */
  tier: string | null;
  /** What the provider says it bills, in USD; null: it does not say. */
  billedUsd: number | null;
  /** Parts of the counts with separate prices; null: none was reported. */
  pricedApart: PricedParts | null;
  /** Something was billed whose price is unknown. */
  otherCharges: boolean;
  finish: Finish | null;
  error: GatewayError | null;
  /** The data of the event that reported it; null where none did. */
  errorData: string | null;
  /** `monotonic()` of the first content event. */
  firstContentAt: number | null;
  /** The provider is thinking at the moment, even if the client gets nothing of that. */
  isThinking: boolean;
  malformedEvents: number;
  /** What decoder and encoder keep of the answer until a later event or its end, in UTF-16 units, roughly. */
  keptUnits: number;
  readonly timing: StreamTiming;
  /** What the client's dialect cannot express of the answer, in its encoder's words; null: nothing. */
  answerLosses: Set<string> | null;
}

export const UNWATCHED: Audience = { isWatched: () => false, text() {} };

/**
 * @param live where watchers see the text of this answer.
 * @param timing that of the try, where another observer shares it.
 */
export function createObserver(
  monotonic: () => number,
  live: Audience,
  timing: StreamTiming = createStreamTiming(monotonic),
): Observer {
  return new TryObserver(monotonic, live, timing);
}

class TryObserver implements Observer {
  readonly seen: Observation;
  private readonly monotonic: () => number;
  private readonly live: Audience;
  /** The answer's own counts and the additional ones (`besides`), as reported so far. */
  private counted: Usage = NO_USAGE;
  private besides: Usage | null = null;

  constructor(monotonic: () => number, live: Audience, timing: StreamTiming) {
    this.monotonic = monotonic;
    this.live = live;
    this.seen = {
      model: null,
      usage: NO_USAGE,
      usageKnown: false,
      tier: null,
      billedUsd: null,
      pricedApart: null,
      otherCharges: false,
      finish: null,
      error: null,
      errorData: null,
      firstContentAt: null,
      isThinking: false,
      malformedEvents: 0,
      keptUnits: 0,
      timing,
      answerLosses: null,
    };
  }

  wantsText(): boolean {
    return this.live.isWatched();
  }

  noteMalformed(): void {
    this.seen.malformedEvents++;
  }

  see(event: StreamEvent): void {
    if (event.type === 'text-delta') this.live.text(event.text);
    this.take(event, true);
  }

  show(event: StreamEvent): void {
    if (event.type === 'text-delta') this.live.text(event.text);
    this.take(event, false);
  }

  note(event: StreamEvent): void {
    this.take(event, true);
  }

  private take(event: StreamEvent, arrives: boolean): void {
    const { seen } = this;
    if (isContent(event)) {
      seen.firstContentAt ??= this.monotonic();
      if (arrives && event.type !== 'finish') seen.timing.content();
    }
    switch (event.type) {
      case 'start':
        if (event.model !== null) seen.model = event.model;
        break;
      case 'usage':
        // Impossible values are corrected, since these counts enter the sums and costs of all requests.
        this.counted = mergeUsage(this.counted, event.usage);
        if (event.usage.besides !== undefined) this.besides = mergeUsage(NO_USAGE, event.usage.besides);
        seen.usage = storableUsage(
          this.besides === null ? this.counted : addUsage(this.counted, this.besides),
        );
        if (event.usage.tier !== undefined) seen.tier = event.usage.tier;
        if (event.usage.billedUsd !== undefined) seen.billedUsd = event.usage.billedUsd;
        if (event.usage.pricedApart !== undefined) seen.pricedApart = event.usage.pricedApart;
        if (event.usage.otherCharges === true) seen.otherCharges = true;
        if (event.usage.oddCounts === undefined) seen.usageKnown = true;
        else this.noteOdd(event.usage);
        break;
      case 'reasoning-start':
      case 'reasoning-end':
        if (arrives) seen.isThinking = event.type === 'reasoning-start';
        break;
      case 'finish':
        if (seen.error === null) seen.finish ??= event.finish;
        break;
      case 'error':
        if (seen.finish === null) seen.error ??= event.error;
        break;
    }
  }

  /** Notes counts that are impossible, and were therefore left out: the true ones are unknown. */
  private noteOdd(usage: StatedUsage): void {
    this.noteMalformed();
    if (USAGE_COUNTS.some((count) => usage[count] !== undefined)) this.seen.usageKnown = true;
  }
}

/** In UTF-16 units: errors with a retry hint are shorter. */
export const LONGEST_ERROR = 64 * 1024;

/** Notes the data of the event that reported the error, where there is one. */
export function noteErrorData(seen: Observation, { data }: SseEvent): void {
  if (seen.error !== null && data.length <= LONGEST_ERROR) seen.errorData ??= data;
}

/**
 * How many losses are noted for an answer, and how long each may be in UTF-16 units: only a provider that makes up names without end causes
 * more.
 */
const MOST_LOSSES = 100;
const LONGEST_LOSS = 300;

/** Notes what the client's dialect cannot express. */
export function noteAnswerLoss(seen: Observation | null, what: string): void {
  if (seen === null) return;
  seen.answerLosses ??= new Set();
  if (seen.answerLosses.size < MOST_LOSSES) seen.answerLosses.add(what.slice(0, LONGEST_LOSS));
}
