// The models of an account: `:fetchAvailableModels` returns one object with a member for each.
import { asObject, asString } from '../../model/json/json.ts';
import type { ProviderModels } from '../operations.ts';

export const providerModels: ProviderModels = {
  ask: (_cursor, { settings = {} }) => ({
    path: '/v1internal:fetchAvailableModels',
    body: settings.project === undefined ? {} : { project: settings.project },
  }),
  parsePage(body) {
    const models = asObject(body.models);
    if (models === undefined) throw new Error('models is missing');
    return {
      models: Object.entries(models).map(([id, model]) => {
        const displayName = asString(asObject(model)?.displayName);
        return { id, ...(displayName !== undefined && { displayName }) };
      }),
      next: null,
    };
  },
};
