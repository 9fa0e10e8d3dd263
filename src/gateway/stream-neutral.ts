// The library's entry point: a neutral request, answered as an async iterable of neutral events.

import type { ResolvedConfig } from '../config/resolved.ts';
import type { CreateFraming } from '../dialects/dialect.ts';
import { loadPrices } from '../ledger/prices/library.ts';
import { toGatewayError } from '../model/errors.ts';
import type { StreamEvent } from '../model/events.ts';
import type { NeutralRequest } from '../model/request.ts';
import type { Route, Router } from '../routing/route.ts';
import { Cancellation } from '../upstream/cancellation.ts';
import type { ProviderStates } from '../upstream/provider-state.ts';
import { type OpenStream, openStream } from './attempts/attempt.ts';
import type { BudgetGuard } from './budgets.ts';
import { planTry, tryContextOf } from './attempts/try-context.ts';
import { clientLeft } from './cancellation-errors.ts';
import { hedgedAnswer } from './attempts/hedge.ts';
import type { GatewayHost } from './host.ts';
import type { LimitsOf } from './rate-limits.ts';
import { readingOf } from './pumps/reading.ts';
import { type ExchangeRecord, failedWith } from './record/record.ts';
import { redactError } from '../model/redact/redact-error.ts';
import { nextOf } from './pumps/relay.ts';
import { TranslatePump } from './pumps/translate.ts';
import { type Ask, requestOf } from './request/ask.ts';

export interface NeutralContext {
  host: GatewayHost;
  config: ResolvedConfig;
  router: Router;
  newRecord(): ExchangeRecord;
  redact(text: string): string;
  states: ProviderStates;
  budgets: BudgetGuard;
  limits: LimitsOf;
}

type Events = readonly StreamEvent[];

export async function* streamNeutral(
  asked: Ask,
  options: { signal?: AbortSignal; target?: string },
  context: NeutralContext,
): AsyncGenerator<StreamEvent, void, void> {
  const record = context.newRecord();
  record.streamed = true;
  const client = new Cancellation();
  const leave = () => client.abort(clientLeft());
  if (options.signal?.aborted === true) leave();
  options.signal?.addEventListener('abort', leave, { once: true });
  record.onCancel((why) => client.abort(why));
  let opened: OpenStream<Events> | undefined;
  try {
    await loadPrices();
    const request = await requestOf(asked);
    record.requestedModel = request.model;
    const question = {
      model: request.model,
      forced: options.target ?? null,
      agentType: null,
      content: () => request,
      timing: 'stream',
    };
    const route = await context.router.route(question);
    record.route = route;
    opened = await open(request, route, record, client, context);
    record.serving = true;
    record.httpStatus = 200;
    const { relay } = opened;
    for (let events = await nextOf(relay); events !== undefined; events = await nextOf(relay)) {
      record.seen?.timing.handed(context.host.monotonic());
      for (const event of events) {
        if (event.type === 'error') throw event.error;
        yield event;
      }
      if (client.aborted) throw client.reason;
    }
  } catch (thrown) {
    if (options.signal?.aborted === true) throw options.signal.reason;
    const error = redactError(toGatewayError(thrown), context.redact);
    record.httpStatus ||= error.status;
    record.end(failedWith(error));
    throw error;
  } finally {
    // Also reached by `break` and after an abort: the upstream is cancelled, and the row says so unless the answer was complete.
    options.signal?.removeEventListener('abort', leave);
    opened?.relay.cancel();
    record.end({ status: record.seen?.finish == null ? 'aborted' : 'success' });
  }
}

function open(
  request: NeutralRequest,
  route: Route,
  record: ExchangeRecord,
  client: Cancellation,
  context: NeutralContext,
): Promise<OpenStream<Events>> {
  const { host, config, states, redact, budgets, limits } = context;
  const { maxEvent, keys } = config.server;
  const question = { incoming: null, neutral: () => request, stream: true };
  const shared = { host, record, states, budgets, limits, client, redact };
  const exchange = { ...shared, question, route, serverKeys: keys, maxEvent };
  const render = (events: Events): Events => events;
  return hedgedAnswer<OpenStream<Events>>({
    hedgeAfterMs: route.policy.hedgeAfterMs,
    record,
    context: tryContextOf(exchange),
    plan(target, key) {
      const planned = planTry(exchange, target, key);
      const reading = readingOf(planned);
      const pump = (createFraming: CreateFraming) =>
        new TranslatePump<Events>({ ...reading, createFraming, render });
      return {
        target,
        key: planned.plan.key,
        seen: planned.observer.seen,
        run: (answered, signal) => openStream({ ...planned, signal, answered }, pump, render),
      };
    },
  });
}
