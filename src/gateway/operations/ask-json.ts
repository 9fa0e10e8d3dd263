// Asks the targets of an operation other than generation in order, until one answers it whole.
import type { ProviderOperation } from '../../dialects/operations.ts';
import { GatewayError, toGatewayError } from '../../model/errors.ts';
import type { Target } from '../../routing/targets.ts';
import { type AnswerHeaders, pickAnswerHeaders } from '../../upstream/headers.ts';
import { type JsonAnswer, openJson } from '../attempts/attempt.ts';
import { type Exchange, noteTry, planContextOf, tryContextOf } from '../attempts/try-context.ts';
import type { MakeBody } from '../response/byte-source.ts';
import { setExchangeHeaders } from '../response/exchange-headers.ts';
import type { AttemptContext } from '../attempts/send.ts';
import { firstAnswer, mayGoOn } from '../attempts/fallback.ts';
import type { Recipient } from '../response/recipient.ts';
import type { Incoming } from '../request/incoming.ts';
import { createObserver, type Observer, UNWATCHED } from '../record/observer.ts';
import type { Plan } from '../attempts/plan.ts';
import { planOperation } from '../attempts/plan-operation.ts';

export interface Operation extends Exchange {
  /** The client's request; only generation through the library has none. */
  incoming: Incoming;
  /** Makes the body of a streamed answer. */
  makeBody: MakeBody;
}

export interface JsonQuestion<Request, Answer> {
  targets: readonly Target[];
  /** Throws GatewayError `unsupported_feature` where the target cannot answer. */
  operationOf(target: Target): ProviderOperation<Request, Answer>;
  request(): Request;
  /** Called with the answer, even if its bytes pass. */
  note?(answer: Answer, observer: Observer): void;
  /** Answers in place of a provider that failed; undefined where its failure stands. */
  instead?(error: GatewayError, upstreamStatus: number | null, target: Target): Promise<Response> | undefined;
  buildResponse(answer: Answer, target: Target): object;
  /** Joins the answers to the parts of a request. Left out where no provider is asked in parts. */
  join?(answers: readonly Answer[]): Answer;
  /** Whether the answer's bytes may pass where the target speaks the client's dialect. Left out where they always may. */
  passes?(target: Target): boolean;
}

/** The response of the first target that answers. Throws the GatewayError to report to the client. */
export async function askJson<Request, Answer>(
  exchange: Operation,
  question: JsonQuestion<Request, Answer>,
): Promise<Response> {
  const { host, record, client, maxEvent, redact, incoming } = exchange;
  const response = await firstAnswer<Response>({
    context: { ...tryContextOf(exchange), targets: question.targets },
    plan(target, apiKey) {
      const operation = question.operationOf(target);
      const context = planContextOf(exchange, apiKey);
      const [plan, ...others] = planOperation(incoming, target, operation, question.request, context);
      if (plan === undefined) throw new GatewayError('internal', 'a request has no parts');
      if (question.passes?.(target) === false) plan.passesAnswer = false;
      noteTry(record, host, plan);
      const observer = createObserver(host.monotonic, record.live);
      const attempt = {
        requestId: record.requestId,
        host,
        plan,
        signal: client,
        maxEvent,
        observer,
        redact,
      };
      return {
        target,
        key: plan.key,
        seen: observer.seen,
        run: async (answered) => {
          const asked = await askAll(attempt, others, { operation, question, answered });
          if ('error' in asked) {
            const instead = question.instead?.(asked.error, asked.status, target);
            if (instead === undefined) throw asked.error;
            return instead;
          }
          if (client.aborted) throw client.reason;
          question.note?.(asked.answer, observer);
          record.seen = observer.seen;
          return answer(exchange, plan, asked, () => question.buildResponse(asked.answer, target));
        },
      };
    },
  });
  record.serving = true;
  record.end({ status: 'success' });
  return response;
}

/** Whether the target after those that failed may still be asked, by the same rules as within one walk. */
export function mayGoOnAfter(thrown: unknown, exchange: Operation): boolean {
  const { attempts, target } = exchange.record;
  if (exchange.client.aborted) return false;
  const last = attempts.at(-1);
  if (last?.skipped !== undefined) return true;
  if (last === undefined || target === null) return false;
  const key = tryContextOf(exchange).keyFor(target);
  return mayGoOn(toGatewayError(thrown), key === 'client' ? 'client' : 'own');
}

/** How many parts of a request are asked for at a time. */
const PARTS_AT_A_TIME = 4;

type Asked<Answer> = JsonAnswer<Answer> | { error: GatewayError; status: number | null };

/** @param others the plans of further parts, whose answers are joined to the first one's. */
async function askAll<Request, Answer>(
  attempt: Omit<AttemptContext, 'answered'>,
  others: readonly Plan[],
  how: {
    operation: ProviderOperation<Request, Answer>;
    question: JsonQuestion<Request, Answer>;
    answered(status: number): void;
  },
): Promise<Asked<Answer>> {
  const { operation, question, answered } = how;
  const first = await ask(attempt, operation, answered);
  if (others.length === 0 || 'error' in first || question.join === undefined) return first;
  const answers = [first.answer];
  let failed: Asked<Answer> | undefined;
  let next = 0;
  const askOthers = async () => {
    for (let at = next++; failed === undefined; at = next++) {
      const plan = others[at];
      if (plan === undefined) return;
      const observer = createObserver(attempt.host.monotonic, UNWATCHED);
      const asked = await ask({ ...attempt, plan, observer }, operation, () => {});
      if ('error' in asked) failed ??= asked;
      else answers[at + 1] = asked.answer;
    }
  };
  await Promise.all(Array.from({ length: PARTS_AT_A_TIME }, askOthers));
  if (failed === undefined) return { ...first, answer: question.join(answers) };
  // The parts that were answered are billed all the same. The attempt keeps the status of the first part: with a refusal's it would look
  // free.
  question.note?.(question.join(answers.filter((answer) => answer !== undefined)), attempt.observer);
  return failed;
}

async function ask<Request, Answer>(
  attempt: Omit<AttemptContext, 'answered'>,
  operation: ProviderOperation<Request, Answer>,
  answered: (status: number) => void,
): Promise<Asked<Answer>> {
  let status: number | null = null;
  const note = (upstreamStatus: number) => {
    status = upstreamStatus;
    answered(upstreamStatus);
  };
  try {
    return await openJson({ ...attempt, answered: note }, (body, headers) =>
      operation.parseResponse(body, headers),
    );
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return { error: thrown, status };
  }
}

function answer(exchange: Operation, plan: Plan, asked: JsonAnswer<unknown>, build: () => object): Response {
  let text: string;
  try {
    text = plan.passesAnswer ? asked.text : JSON.stringify(build());
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : 'unreadable';
    const { name } = plan.target.provider;
    throw new GatewayError('upstream_malformed', `${name} sent an answer that cannot be read: ${reason}`);
  }
  const headers = pickAnswerHeaders(asked.headers, plan.sameDialect);
  return respond(exchange, text, headers, plan.passesAnswer ? asked.bytes : null);
}

/** The response to a request that was answered, noted in the record. @param bytes sent in place of the text. */
export function respond(
  exchange: Recipient & Pick<Exchange, 'record'>,
  text: string,
  headers: AnswerHeaders,
  bytes: JsonAnswer<unknown>['bytes'] = null,
): Response {
  const { record, envelope } = exchange;
  const usage = record.seen?.usage;
  if (usage !== undefined && record.seen?.usageKnown === true)
    Object.assign(headers, envelope?.answers?.usageHeaders?.(usage));
  headers['content-type'] = 'application/json';
  setExchangeHeaders(headers, exchange, record.seen?.model ?? null);
  record.httpStatus = 200;
  if (record.keepsAnswer) record.responseBody = text;
  return new Response(bytes ?? text, { status: 200, headers });
}
