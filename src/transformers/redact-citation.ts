// Redacts what a citation says about its source, in an answer and in a later request that repeats it.
import type { Citation } from '../model/content.ts';

/** Returns the same object where nothing matches. */
export function redactCitation(citation: Citation, clean: (text: string) => string): Citation {
  const changed = { ...citation };
  if (citation.title !== undefined) changed.title = clean(citation.title);
  if (citation.citedText !== undefined) changed.citedText = clean(citation.citedText);
  if (changed.title === citation.title && changed.citedText === citation.citedText) return citation;
  // The citation's form in the original dialect would repeat the same text.
  delete changed.extension;
  return changed;
}
