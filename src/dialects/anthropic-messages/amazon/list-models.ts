// Lists of models in the form of Amazon Bedrock's administration API.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html
import type { JsonObject } from '../../../model/json/json.ts';
import type { OfferedModel } from '../../../model/model-entry.ts';
import { type AskedModels, type ClientModels, routeModels } from '../../operations.ts';
import { INVOKE } from './invoke.ts';

interface AmazonsList extends Pick<ClientModels, 'buildModel' | 'buildList'> {
  path: string;
}

const PROFILES: AmazonsList = {
  path: '/inference-profiles',
  buildModel: buildProfile,
  buildList(models, query) {
    // The gateway has no profiles that users have made themselves.
    const listed = query.get('typeEquals') === 'APPLICATION' ? [] : models.filter(talks);
    return { inferenceProfileSummaries: listed.map(buildProfile) };
  },
};

const FOUNDATION_MODELS: AmazonsList = {
  path: '/foundation-models',
  buildModel: (model) => ({ modelDetails: buildFoundationModel(model) }),
  buildList(models, query) {
    const [provider, output] = [query.get('byProvider')?.toLowerCase(), query.get('byOutputModality')];
    const listed = models.map(buildFoundationModel).filter(({ providerName, outputModalities }) => {
      const isOfProvider = provider === undefined || providerName.toLowerCase() === provider;
      return isOfProvider && (output === null || outputModalities.includes(output));
    });
    return { modelSummaries: listed };
  },
};

/** What is requested at one of its paths; undefined for any other. */
export function modelsOfAmazons(path: string): AskedModels | undefined {
  for (const list of [PROFILES, FOUNDATION_MODELS]) {
    const asked = routeModels(path, list.path);
    if (asked !== undefined)
      return {
        ...(asked.id !== undefined && { id: asked.id.replace(ARN, '') }),
        envelope: INVOKE,
        form: list,
      };
  }
  return undefined;
}

function talks({ capabilities }: OfferedModel): boolean {
  return capabilities?.embeds !== true;
}

function buildProfile({ id, displayName = id }: OfferedModel): JsonObject {
  return {
    inferenceProfileName: displayName,
    inferenceProfileId: id,
    inferenceProfileArn: arnOf('inference-profile', id),
    models: [{ modelArn: arnOf('foundation-model', id) }],
    status: 'ACTIVE',
    type: 'SYSTEM_DEFINED',
  };
}

function buildFoundationModel(model: OfferedModel) {
  const { id, displayName = id, provider, capabilities } = model;
  return {
    modelArn: arnOf('foundation-model', id),
    modelId: id,
    modelName: displayName,
    providerName: provider,
    inputModalities: capabilities?.images === true ? ['TEXT', 'IMAGE'] : ['TEXT'],
    outputModalities: [talks(model) ? 'TEXT' : 'EMBEDDING'],
    responseStreamingSupported: talks(model),
    customizationsSupported: [],
    inferenceTypesSupported: ['ON_DEMAND'],
    modelLifecycle: { status: 'ACTIVE' },
  };
}

/** What precedes a model's own name in an ARN. */
const ARN = /^arn:[\w-]+:bedrock:[\w-]*:\d*:(foundation-model|inference-profile)\//;

/** The ARN names nothing at Amazon, but clients split it at its colons and slashes. */
function arnOf(kind: string, id: string): string {
  return id.startsWith('arn:') ? id : `arn:aws:bedrock:us-east-1::${kind}/${id}`;
}
