// Ids of calls in the form that the wire accepts: at most 64 letters, digits, dashes and underscores.

const LONGEST = 64;

/** The same for a call and its result, and different for different ids. */
export function toolUseId(id: string): string {
  const plain = id.replace(/[^\w-]/g, '_');
  if (plain === id && id !== '' && id.length <= LONGEST) return id;
  const mark = `_${fingerprint(id)}`;
  return `${(plain || 'call').slice(0, LONGEST - mark.length)}${mark}`;
}

/** FNV-1a. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}
