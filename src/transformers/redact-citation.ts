// Redacts what a citation says of its source, in an answer and where a later request repeats it.
import type { Citation } from '../model/content.ts';

/** The same object where nothing matches. */
export function redactCitation(citation: Citation, clean: (text: string) => string): Citation {
  const changed = { ...citation };
  if (citation.title !== undefined) changed.title = clean(citation.title);
  if (citation.citedText !== undefined) changed.citedText = clean(citation.citedText);
  if (changed.title === citation.title && changed.citedText === citation.citedText) return citation;
  // The original dialect's form of it would repeat the same text.
  delete changed.extension;
  return changed;
}
