// Whether the names in an entry of `rate_limits` or `costs.budgets` can match any request.
import { compileGlob } from '../model/glob.ts';
import { suggestion } from '../model/nearest.ts';
import { patternDoubt } from './model-pattern.ts';

interface Doubt {
  key: 'provider' | 'model';
  message: string;
}

/** @param providers the names of existing providers. @param what the entry is, for messages. */
export function doubtsOfNames(
  { provider, model }: { provider?: string | null | undefined; model?: string | null | undefined },
  providers: readonly string[],
  what: 'limit' | 'budget',
): Doubt[] {
  const fits = compileGlob(provider ?? '*');
  if (provider != null && !providers.some(fits)) {
    const message = `no provider is named ${provider}${suggestion(provider, providers)}: nothing counts against this ${what}`;
    return [{ key: 'provider', message }];
  }
  const doubt = patternDoubt(model ?? '');
  if (doubt !== undefined) return [{ key: 'model', message: doubt }];
  const [prefix = ''] = model?.split('/', 1) ?? [];
  if (model == null || prefix === model || !providers.includes(prefix) || !fits(prefix)) return [];
  const rest = model.slice(prefix.length + 1);
  const message = `is compared with the provider's own name for the model, which rarely begins with "${prefix}/": write provider: ${prefix}, model: "${rest}"`;
  return [{ key: 'model', message }];
}
