// Counting a prompt's tokens: `:countTokens`, which accepts only a model and contents.
import { asArray, asObject, type JsonObject } from '../../model/json/json.ts';
import { countIn } from '../../model/usage.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { ProviderSide } from '../dialect.ts';
import type { ProviderOperation } from '../operations.ts';

export function createCountTokens(inner: ProviderSide): ProviderOperation<NeutralRequest, number> {
  return {
    endpoint: () => '/v1internal:countTokens',
    // No client speaks this dialect.
    edits: () => ({}),
    buildRequest(request, options) {
      const { body, losses } = inner.buildRequest(request, options);
      const parts = asArray(asObject(body.systemInstruction)?.parts) ?? [];
      const instructions: JsonObject[] = parts.map((part) => asObject(part) ?? {});
      if (body.tools !== undefined) instructions.push({ text: JSON.stringify(body.tools) });
      const contents = asArray(body.contents) ?? [];
      const all = instructions.length === 0 ? contents : [{ role: 'user', parts: instructions }, ...contents];
      return {
        body: { request: { model: `models/${options.model}`, contents: all } },
        losses:
          instructions.length === 0
            ? losses
            : [...losses, { feature: 'system', outcome: 'approximated', how: 'counted with tools as text' }],
      };
    },
    parseResponse(body) {
      const tokens = countIn(body.totalTokens) ?? countIn(asObject(body.response)?.totalTokens);
      if (tokens === undefined) throw new Error('totalTokens is missing');
      return tokens;
    },
  };
}
