// Every feature of the table, in its order.
import type { AnswerGroup, FeatureGroup } from './feature.ts';
import { CONTENT, COUNTS, ENDINGS } from './features/answers.ts';
import { CONVERSATION } from './features/conversation.ts';
import { MEDIA } from './features/media.ts';
import { OUTPUT } from './features/output.ts';
import { PROVIDER_TOOLS } from './features/provider-tools.ts';
import { REASONING } from './features/reasoning.ts';
import { TOOLS } from './features/tools.ts';

export const REQUEST_FEATURES: readonly FeatureGroup[] = [
  CONVERSATION,
  MEDIA,
  TOOLS,
  PROVIDER_TOOLS,
  OUTPUT,
  REASONING,
];

export const ANSWER_FEATURES: readonly AnswerGroup[] = [
  { title: 'Content of answers', features: CONTENT },
  { title: 'How answers end, and what comes with them', features: ENDINGS },
  { title: 'Counts', features: COUNTS },
];
