// The URL of a request: the provider's base URL with the dialect's path, or with the provider's own.
import type { ProviderSide } from '../dialects/dialect.ts';
import type { Quirks } from '../dialects/quirks.ts';
import { modelInPath } from '../dialects/shared/models/model-in-path.ts';

/**
 * Path and query after the base URL. `template`: the provider's own path, in which `{model}`, `{path}` (the dialect's own path) and
 * `{method}` (what follows that path's last colon) are filled in.
 */
export function targetPath(
  template: string | undefined,
  side: Pick<ProviderSide, 'endpoint'>,
  model: string,
  stream: boolean,
  quirks: Quirks,
): string {
  const path = side.endpoint(model, stream, quirks);
  if (template === undefined) return path;
  const filling: Record<string, string> = {
    model: modelInPath(model),
    path,
    method: path.slice(path.lastIndexOf(':') + 1),
  };
  return template.replace(/\{(model|method|path)\}/g, (_, name: string) => filling[name] ?? '');
}

/** The same for the path of another operation, which replaces the dialect's own path in the template. */
export function operationPath(
  template: string | undefined,
  side: Pick<ProviderSide, 'endpoint'>,
  model: string,
  path: string,
  quirks: Quirks,
): string {
  const own = side.endpoint(model, false, quirks).replace(/\?.*$/, '');
  return targetPath(template?.replace(own, path), { endpoint: () => path }, model, false, quirks);
}

/** An access token (a JSON Web Token) is not an API key: it is sent as a Bearer wherever it is accepted. */
const ACCESS_TOKEN = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;

/** The headers that authenticate `key` at a provider that may want it in a header of its own. */
export function keyHeaders(
  keyHeader: string | undefined,
  side: Pick<ProviderSide, 'headers'>,
  key: string | null,
  quirks: Quirks,
): Record<string, string> {
  if (keyHeader === undefined || key === null || ACCESS_TOKEN.test(key)) return side.headers(key, quirks);
  return { ...side.headers(null, quirks), [keyHeader]: key };
}
