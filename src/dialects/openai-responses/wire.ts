// What the files of this dialect share: its id, and how fields without a neutral form are kept.
import type { DialectId } from '../../model/dialect-id.ts';
import { createOwnFields } from '../shared/own-fields.ts';

export const ID = 'openai-responses' satisfies DialectId;

export const { extensionOf, keptAs, ownFields } = createOwnFields(ID);
