// What an embeddings request says besides its texts that a provider cannot express.
import type { EmbeddingRequest } from '../../../model/embedding.ts';
import type { Loss } from '../../../model/request.ts';

type Saying = 'user' | 'taskType' | 'title' | 'normalize';

export function embeddingLosses(request: EmbeddingRequest, carried: readonly Saying[] = []): Loss[] {
  const says: Record<Saying, boolean> = {
    user: request.user !== undefined,
    taskType: request.input.some((piece) => piece.type === 'text' && piece.task !== undefined),
    title: request.input.some((piece) => piece.type === 'text' && piece.title !== undefined),
    normalize: request.unnormalized === true,
  };
  const features: Saying[] = ['user', 'taskType', 'title', 'normalize'];
  return features
    .filter((feature) => says[feature] && !carried.includes(feature))
    .map((feature) => ({ feature, outcome: 'lost' }));
}
