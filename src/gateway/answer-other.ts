// Answers everything that is not a question to a model: lists of models, the dashboard, the gateway's own pages.
import { findModels, findPage } from '../dialects/find-route.ts';
import { loadPrices } from '../ledger/prices/library.ts';
import { headOf } from '../management/head.ts';
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
  manage(request: Request, url: URL): Promise<Response | undefined>;
}

function isRead({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Throws GatewayError `invalid_request`. */
function readObjectIn(text: string): JsonObject {
  const body = parseObject(text);
  if (body !== undefined) return body;
  throw new GatewayError('invalid_request', 'the body must be one JSON object');
}

/** Everything answered here only reads, although a client may have to post what it asks for. */
const READ = 'GET, HEAD';

export async function answerOther(request: Request, { host, setup, manage }: Pages): Promise<Response> {
  const url = urlOf(request);
  const listing = findModels(url.pathname, request.headers);
  const isPosted = listing?.asked.isPosted === true;
  const allowed = isPosted ? 'POST' : READ;
  try {
    guardOrigin(request, setup.config.server);
    const root = await answerRoot(request, url.pathname, host.version);
    if (root !== undefined) return root;
    const { client: asking = {} } = listing?.dialect ?? {};
    const headers = withQueryKey(HeaderList.of(request.headers), url.searchParams, asking);
    const project = authenticate(headers, setup.config.server);
    if (listing !== undefined) {
      if (isPosted ? request.method !== 'POST' : !isRead(request))
        throw isMeantToAsk(url) ? noSuchPath(url) : methodNotAllowed(request.method, url.pathname, allowed);
      const id = isPosted
        ? listing.client.readAsked?.(
            readObjectIn(
              await readBody(request, headers, setup.config.server, host.setTimer, {
                any: listing.dialect.client.ignoresBodyType,
              }),
            ),
          )
        : listing.asked.id;
      // Which of several providers a name leads to may depend on them.
      await loadPrices();
      const asked = id === undefined ? listing.asked : { ...listing.asked, id };
      const models = await answerModels({ ...listing, asked }, url.searchParams, setup);
      const own: AnswerHeaders = {};
      setRequestId(own, { dialect: listing.dialect.id }, host.randomId());
      const answer = Response.json(models, { headers: own });
      return request.method === 'HEAD' ? await headOf(answer) : answer;
    }
    const page = isRead(request) ? findPage(url.pathname) : undefined;
    if (page !== undefined)
      return request.method === 'HEAD' ? await headOf(Response.json(page)) : Response.json(page);
    guardPages(project);
    const managed = await manage(request, url);
    if (managed !== undefined) return managed;
    throw notOpened(url.pathname, request.headers) ?? noSuchPath(url);
  } catch (thrown) {
    const { redactor } = setup;
    const error = redactError(toGatewayError(thrown), redactor.ofFailure);
    if (error.code === 'internal') host.log('error', 'internal error', { error: redactor(stackOf(thrown)) });
    const recipient =
      listing === undefined
        ? guessRecipient(request, url)
        : { dialect: listing.dialect.id, envelope: listing.asked.envelope };
    const refusal = errorResponse(error, recipient, host.randomId());
    if (error.status === 405) refusal.headers.set('allow', allowed);
    if (error.status === UPGRADE_REQUIRED) refusal.headers.set('upgrade', 'websocket');
    return refusal;
  }
}
