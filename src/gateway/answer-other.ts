// Answers everything that does not ask a model: lists of models, the dashboard, the gateway's own pages.
import { findModels, findPage, type FoundModels } from '../dialects/find-route.ts';
import { loadPrices } from '../ledger/prices/library.ts';
import { forMethod } from '../management/head.ts';
import type { Manage } from '../management/management.ts';
import { answerRoot } from '../management/root.ts';
import { GatewayError, toGatewayError } from '../model/errors.ts';
import { type JsonObject, parseObject } from '../model/json/json.ts';
import { HeaderList } from '../model/header-list.ts';
import type { AnswerHeaders } from '../upstream/headers.ts';
import { authenticate, guardOrigin, guardPages } from './request/admission.ts';
import {
  errorResponse,
  guessRecipient,
  isMeantToAsk,
  methodNotAllowed,
  noSuchPath,
  notOpened,
  stackOf,
  UPGRADE_REQUIRED,
} from './response/error-response.ts';
import type { GatewayHost } from './host.ts';
import { answerModels } from './operations/models.ts';
import { readBody } from './request/read-body.ts';
import { withQueryKey } from './request/query-key.ts';
import { redactError } from '../model/redact/redact-error.ts';
import { urlOf } from './request/request-address.ts';
import { setRequestId } from './response/request-id.ts';
import type { Setup } from './setup.ts';

export interface Pages {
  host: Pick<GatewayHost, 'log' | 'randomId' | 'setTimer' | 'version'>;
  setup: Setup;
  /** Resolves to undefined for paths that are not its own. */
  manage: Manage;
}

function isRead({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** For the `allow` header: except where a vendor's clients post what they ask for, everything answered here is only read. */
const READ = 'GET, HEAD';

export async function answerOther(request: Request, pages: Pages): Promise<Response> {
  const { host, setup } = pages;
  const url = urlOf(request);
  const listing = findModels(url.pathname, request.headers);
  try {
    guardOrigin(request, setup.config.server);
    const root = await answerRoot(request, url.pathname, host.version);
    if (root !== undefined) return root;
    const { client: asking = {} } = listing?.dialect ?? {};
    const headers = withQueryKey(HeaderList.of(request.headers), url.searchParams, asking);
    const project = authenticate(headers, setup.config.server);
    if (listing !== undefined)
      return await forMethod(request, await answerListing(request, url, headers, listing, pages));
    const page = isRead(request) ? findPage(url.pathname) : undefined;
    if (page !== undefined) return await forMethod(request, Response.json(page));
    guardPages(project, url.pathname);
    const managed = await pages.manage(request, url, project);
    if (managed !== undefined) return managed;
    throw notOpened(url.pathname, request.headers) ?? noSuchPath(url);
  } catch (thrown) {
    return refuse(request, url, listing, thrown, pages);
  }
}

/** A list of models, or one of them. Throws GatewayError. */
async function answerListing(
  request: Request,
  url: URL,
  headers: HeaderList,
  listing: FoundModels,
  { host, setup }: Pages,
): Promise<Response> {
  const { asked, client, dialect } = listing;
  if (asked.isPosted === true ? request.method !== 'POST' : !isRead(request))
    throw isMeantToAsk(url)
      ? noSuchPath(url)
      : methodNotAllowed(request.method, url.pathname, methodsOf(listing));
  let { id } = asked;
  if (asked.isPosted === true) {
    const any = dialect.client.ignoresBodyType;
    const text = await readBody(request, headers, setup.config.server, host.setTimer, { any });
    id = client.readAsked?.(readObjectIn(text));
  }
  // Which of several providers a model's name leads to may depend on prices.
  await loadPrices();
  const named = id === undefined ? asked : { ...asked, id };
  const models = await answerModels({ ...listing, asked: named }, url.searchParams, setup);
  const own: AnswerHeaders = {};
  setRequestId(own, { dialect: dialect.id }, host.randomId());
  return Response.json(models, { headers: own });
}

/** Throws GatewayError `invalid_request`. */
function readObjectIn(text: string): JsonObject {
  const body = parseObject(text);
  if (body !== undefined) return body;
  throw new GatewayError('invalid_request', 'the body must be one JSON object');
}

function methodsOf(listing: FoundModels | undefined): string {
  return listing?.asked.isPosted === true ? 'POST' : READ;
}

function refuse(
  request: Request,
  url: URL,
  listing: FoundModels | undefined,
  thrown: unknown,
  { host, setup: { redactor } }: Pages,
): Response {
  const error = redactError(toGatewayError(thrown), redactor.ofFailure);
  if (error.code === 'internal') host.log('error', 'internal error', { error: redactor(stackOf(thrown)) });
  const recipient =
    listing === undefined
      ? guessRecipient(request, url)
      : { dialect: listing.dialect.id, envelope: listing.asked.envelope };
  const refusal = errorResponse(error, recipient, host.randomId());
  if (error.status === 405) refusal.headers.set('allow', methodsOf(listing));
  if (error.status === UPGRADE_REQUIRED) refusal.headers.set('upgrade', 'websocket');
  return refusal;
}
