// A tree of frames as a flame graph in SVG: callers below, what they call above, as wide as the share of samples that found them.
import type { Frame } from './cpu-profile.ts';

const WIDTH = 1_200;
const ROW = 17;
const TITLE = 30;
/** In pixels; narrower frames are left out. */
const NARROWEST = 1;
const CHARACTER = 6.6;

export function flameGraph(root: Frame, title: string): string {
  const boxes: string[] = [];
  const depth = deepest(root, WIDTH / root.samples);
  const height = TITLE + depth * ROW;

  function draw(frame: Frame, left: number, level: number): void {
    const width = (frame.samples / root.samples) * WIDTH;
    if (width < NARROWEST) return;
    const top = height - (level + 1) * ROW;
    const share = `${((frame.samples / root.samples) * 100).toFixed(1)} %`;
    const letters = Math.floor((width - 4) / CHARACTER);
    const label = letters < 3 ? '' : frame.name.slice(0, letters);
    boxes.push(
      `<g><title>${escaped([frame.name, frame.place, share].filter((part) => part !== '').join(' · '))}</title>` +
        `<rect x="${left.toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colour(frame)}"/>` +
        (label === '' ? '' : `<text x="${(left + 2).toFixed(1)}" y="${top + 12}">${escaped(label)}</text>`) +
        '</g>',
    );
    let at = left;
    for (const child of [...frame.children.values()].toSorted((one, other) => other.samples - one.samples)) {
      draw(child, at, level + 1);
      at += (child.samples / root.samples) * WIDTH;
    }
  }
  draw(root, 0, 0);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="monospace" font-size="11">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" fill="#fff"/><text x="8" y="19" font-size="14">${escaped(title)}</text>
${boxes.join('\n')}
</svg>
`;
}

function deepest(frame: Frame, scale: number): number {
  if (frame.samples * scale < NARROWEST) return 0;
  return 1 + Math.max(0, ...[...frame.children.values()].map((child) => deepest(child, scale)));
}

/** The gateway's own frames are warm, those of packages pale, the runtime's blue. */
function colour({ name, place }: Frame): string {
  const shade = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 25;
  if (place === '') return `hsl(210 45% ${70 + shade / 3}%)`;
  if (place.startsWith('node_modules/')) return `hsl(60 40% ${72 + shade / 3}%)`;
  return `hsl(${20 + shade} 85% ${62 + shade / 4}%)`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
