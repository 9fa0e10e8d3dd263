// `sluice route`: where a request would go and why, without sending it.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ResolvedConfig } from '../config/resolved.ts';
import { type FoundRoute, findRoute, routeForBody } from '../dialects/find-route.ts';
import { DIALECTS } from '../dialects/registry.ts';
import { lacksKey } from '../gateway/attempts/try-context.ts';
import { type Incoming, parseAsked, parseIncoming, parseSent } from '../gateway/request/incoming.ts';
import { countingSide, whyUnserved } from '../gateway/operations/unserved.ts';
import { answerersOf, createQuietRouter } from '../gateway/routing.ts';
import { loadPrices } from '../ledger/prices/library.ts';
import { createPricer } from '../ledger/prices/prices.ts';
import type { DialectId } from '../model/dialect-id.ts';
import { GatewayError } from '../model/errors.ts';
import { isObject } from '../model/json/json.ts';
import type { NeutralRequest } from '../model/request.ts';
import { noKeyFor } from '../routing/describe.ts';
import type { Route } from '../routing/route.ts';
import { type Target, targetName } from '../routing/targets.ts';
import { stringFlag } from './arguments.ts';
import { type CliContext, type Command, type ParsedArguments, UsageError } from './command.ts';
import { CONFIG_FLAG } from './config-flag.ts';
import { describeProblems, loadFromFlags } from './config-flags.ts';
import { columns } from './help.ts';
import { codeOf } from '../model/thrown.ts';

export const routeCommand: Command = {
  name: 'route',
  summary: 'Show where a request would go and why, without sending it.',
  flags: {
    model: { value: 'MODEL', summary: 'The requested model; default: the one in the body.' },
    agent: { value: 'AGENT', summary: 'The requesting agent (agent_type).' },
    target: { value: 'TARGET', summary: 'The value of the header x-sluice-target.' },
    body: {
      value: 'FILE',
      summary: 'A request body, for rules that look at the content; - for standard input.',
    },
    path: {
      value: 'PATH',
      summary: 'The path the body would be posted to; default: that of the first dialect that can parse it.',
    },
    json: { summary: 'Print JSON.' },
    config: CONFIG_FLAG,
  },
  examples: [
    ['route --model claude-sonnet-4-5', 'Which provider that name leads to.'],
    ['route --body request.json', 'Also by rules that look at the content.'],
  ],
  async run(input, context) {
    const loaded = loadFromFlags(input, context);
    for (const { line } of describeProblems(loaded)) context.err(line);
    if (loaded.config === null) return 1;
    try {
      const asked = await readAsked(input, context);
      const route = await routeOf(asked, loaded.config);
      const lines = input.flags.json
        ? [JSON.stringify(asJson(asked, route), null, 2)]
        : describe(asked, route);
      for (const line of lines) context.out(line);
      return 0;
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      context.err(`error: ${thrown.code}: ${thrown.message}`);
      return 1;
    }
  },
};

interface Asked {
  model: string;
  agentType: string | null;
  forced: string | null;
  body: ReadBody | null;
}

interface ReadBody {
  dialect: DialectId;
  incoming: Incoming;
  /** Null where it cannot be read: then no rule can read it either. */
  request: NeutralRequest | null;
  takesPrompt: boolean;
}

/** Throws UsageError where no request is given, GatewayError where the body is not a request. */
async function readAsked(input: ParsedArguments, context: CliContext): Promise<Asked> {
  const file = stringFlag(input, 'body');
  const named = stringFlag(input, 'model');
  const path = stringFlag(input, 'path');
  if (path !== undefined && file === undefined)
    throw new UsageError('--path is the path that --body FILE is posted to: give both');
  const body = file === undefined ? null : await readBodyFile(file, named, path, context);
  const model = named ?? body?.incoming.model;
  if (model === undefined) throw new UsageError('give the requested model: --model MODEL, or --body FILE');
  return {
    model,
    agentType: stringFlag(input, 'agent') ?? body?.incoming.agentType ?? null,
    forced: stringFlag(input, 'target') ?? null,
    body,
  };
}

/** Errors in the body name the file. */
async function readBodyFile(
  file: string,
  model: string | undefined,
  path: string | undefined,
  context: CliContext,
): Promise<ReadBody> {
  const text = await readText(file, context);
  try {
    return readBody(text, model, path);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    const source = file === '-' ? 'standard input' : resolve(context.directory, file);
    throw thrown.with(`${source}: ${thrown.message}`);
  }
}

async function readText(file: string, { directory, terminal }: CliContext): Promise<string> {
  if (file === '-') return terminal.readAll();
  const path = resolve(directory, file);
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    const code = codeOf(thrown) ?? 'unknown error';
    throw new UsageError(`--body: ${path} ${UNREADABLE[code] ?? `cannot be read (${code})`}`);
  }
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder',
  EACCES: 'is not readable by this user',
};

function readBody(text: string, model: string | undefined, path: string | undefined): ReadBody {
  const bodies = (path === undefined ? pathsOf(model, text) : [path]).map((each) =>
    readAs(each, text, model),
  );
  return bodies.find(({ request }) => request !== null) ?? firstOf(bodies);
}

function firstOf(bodies: readonly ReadBody[]): ReadBody {
  const [first] = bodies;
  if (first === undefined) throw new GatewayError('internal', 'there is no dialect');
  return first;
}

/** The paths to which each dialect's clients post. */
function pathsOf(model: string | undefined, text: string): string[] {
  const name = model ?? modelIn(text) ?? 'model';
  return Object.values(DIALECTS).map(({ client }) =>
    client.path.replace('{model}', encodeURIComponent(name)),
  );
}

function modelIn(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) && typeof body.model === 'string' ? body.model : undefined;
  } catch {
    // Errors in the body are reported when it is read.
    return undefined;
  }
}

function readAs(path: string, text: string, model: string | undefined): ReadBody {
  const url = new URL(path, 'http://localhost');
  const found = findRoute(url.pathname, url.searchParams);
  if (found === undefined) throw new UsageError(`no dialect has the path ${path}`);
  const sent = parseSent(withModel(text, found, model));
  const asked = routeForBody(found, sent.body);
  const incoming = parseIncoming(asked, new Headers(), url.search, sent, {
    agentType: null,
    projectId: null,
  });
  const takesPrompt = asked.route.operation !== 'embed';
  return { dialect: found.dialect.id, incoming, request: takesPrompt ? parsed(incoming) : null, takesPrompt };
}

/** A body for trying out rules need not name its model. */
function withModel(text: string, { route }: FoundRoute, model: string | undefined): string {
  if (model === undefined || route.model !== undefined) return text;
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) ? JSON.stringify({ ...body, model }) : text;
  } catch {
    return text;
  }
}

function parsed(incoming: Incoming): NeutralRequest | null {
  try {
    return parseAsked(incoming);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return null;
    throw thrown;
  }
}

async function routeOf({ model, agentType, forced, body }: Asked, config: ResolvedConfig): Promise<Route> {
  const request = body?.request ?? null;
  await loadPrices();
  return createQuietRouter(config, createPricer(config.costs)).route({
    model,
    agentType,
    forced,
    content: request === null ? null : () => request,
    timing: 'whole',
    canAnswer: body === null ? undefined : answerersOf(body.incoming.route.operation, body.dialect),
  });
}

function describe({ model, agentType, body }: Asked, route: Route): string[] {
  const { targets, decision, conversation, policy } = route;
  const [first] = targets;
  const rows: [string, string][] = [
    ['model', model],
    ...(agentType === null ? [] : [['agent', agentType] satisfies [string, string]]),
    ['content', describeBody(body)],
    ...describeTargets(body, route),
    ['rule', `${decision.kind}: ${decision.rule}`],
    ['because', decision.why],
    ...(decision.order === null ? [] : [['order', decision.order] satisfies [string, string]]),
    ...(conversation === null ? [] : [['conversation', conversation] satisfies [string, string]]),
  ];
  if (policy.contextFallback.length > 0)
    rows.push([
      'too long',
      policy.contextFallback
        .map((target) => (lacksKey(target, first) ? `${targetName(target)} (skipped)` : targetName(target)))
        .join(', '),
    ]);
  if (policy.hedgeAfterMs !== null)
    rows.push(['hedge', `the next target starts after ${policy.hedgeAfterMs} ms`]);
  if (policy.continueStreams) rows.push(['mid-stream', 'the next target continues']);
  const [steps] = targets.map((target) => stepsFor(target, policy));
  if (steps !== undefined && steps.length > 0) rows.push(['transformers', steps.join(', ')]);
  return columns(rows);
}

/** The targets in the order in which they would be asked. */
function describeTargets(body: ReadBody | null, route: Route): [string, string][] {
  let isFirst = true;
  const rows = route.targets.map((target): [string, string] => {
    const skipped = whySkipped(body, route, target);
    const name = targetName(target);
    if (skipped !== undefined) return ['skipped', `${name}: ${skipped.why}`];
    const row = isFirst ? 'goes to' : 'then';
    isFirst = false;
    return [row, isEstimated(body, target) ? `${name}, whose tokens are estimated here` : name];
  });
  return isFirst ? [['goes to', 'no target: the request is refused'], ...rows] : rows;
}

function isEstimated(body: ReadBody | null, target: Target): boolean {
  const route = body?.incoming.route;
  return (
    body !== null && route?.operation === 'count-tokens' && countingSide(target, body.dialect) === undefined
  );
}

/** A clause for people, and a word for programs. */
function whySkipped(
  body: ReadBody | null,
  route: Route,
  target: Target,
): { code: string; why: string } | undefined {
  if (lacksKey(target, route.targets[0])) return { code: 'no_key', why: noKeyFor(target.provider.name) };
  if (body === null) return undefined;
  const { dialect, incoming } = body;
  return whyUnserved({ operation: incoming.route.operation, dialect, model: incoming.model }, route, target);
}

/** The names of all steps that a request to the target goes through, in order. */
function stepsFor({ provider }: Target, policy: Route['policy']): string[] {
  return [...policy.transformers, ...provider.transformers].map((step) => step.name);
}

function describeBody(body: ReadBody | null): string {
  if (body === null) return 'not given: rules that look at it do not match';
  if (!body.takesPrompt) return `${body.dialect}, which has no prompt`;
  return body.request === null
    ? `cannot be parsed as ${body.dialect}: no rule looks at it`
    : `parsed as ${body.dialect}`;
}

function asJson({ model, agentType, body }: Asked, route: Route): object {
  const { targets, decision, conversation, policy } = route;
  const named = (target: Target) => {
    const skipped = whySkipped(body, route, target)?.code;
    return {
      provider: target.provider.name,
      model: target.model,
      ...(skipped !== undefined && { skipped }),
      transformers: stepsFor(target, policy),
    };
  };
  return {
    model,
    agent_type: agentType,
    dialect: body?.dialect ?? null,
    targets: targets.map(named),
    decision,
    conversation,
    policy: {
      continue_streams: policy.continueStreams,
      hedge_after_ms: policy.hedgeAfterMs,
      context_fallback: policy.contextFallback.map(named),
      transformers: policy.transformers.map((step) => step.name),
    },
  };
}
