// Counts the grounding that is billed separately from tokens. https://ai.google.dev/gemini-api/docs/google-search#pricing
import { asArray, asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { StatedUsage } from '../../model/usage.ts';
import { searchedByPrompt } from './models.ts';

/** Counts the queries of one answer, whose metadata may come in pieces or repeatedly. */
export interface SearchCounter {
  /** Undefined if the candidate has no new ones. */
  read(candidate: JsonObject): StatedUsage | undefined;
}

/** @param model the one that serves; null: unknown, so that each query counts. */
export function createSearchCounter(model: string | null): SearchCounter {
  const queries = new Set<string>();
  const once = model !== null && searchedByPrompt(model);
  let usedMaps = false;
  return {
    read(candidate) {
      const metadata = asObject(candidate.groundingMetadata);
      if (metadata === undefined) return undefined;
      const before = queries.size;
      for (const list of [metadata.webSearchQueries, metadata.imageSearchQueries]) {
        for (const value of asArray(list) ?? []) {
          // Google counts neither empty queries nor the same one twice.
          const query = asString(value)?.trim();
          if (query) queries.add(query);
        }
      }
      const maps = !usedMaps && hasMaps(metadata);
      usedMaps ||= maps;
      if (queries.size === before && !maps) return undefined;
      return {
        ...(queries.size > 0 && { webSearches: once ? 1 : queries.size }),
        ...(maps && { otherCharges: true as const }),
      };
    },
  };
}

/** Google Maps is billed per prompt or query, at a separate price that no table has. */
function hasMaps({ groundingChunks, googleMapsWidgetContextToken }: JsonObject): boolean {
  if (asString(googleMapsWidgetContextToken)) return true;
  return (asArray(groundingChunks) ?? []).some((chunk) => asObject(asObject(chunk)?.maps) !== undefined);
}
