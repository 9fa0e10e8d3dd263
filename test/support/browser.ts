// A real browser for tests: Debian's Chromium, driven over its own protocol. Without it the tests are skipped.
import { rmSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { WAIT_TIMEOUT_MS } from './time-limit.ts';
import { temporaryFolder } from './temporary-folder.ts';

const PROGRAM = ['chromium', 'chromium-browser', 'google-chrome']
  .map((name) => Bun.which(name))
  .find(Boolean);

export const hasBrowser = PROGRAM !== undefined;

if (!hasBrowser) {
  console.warn('Chromium is not installed: its tests are skipped (apt-get install chromium brings it)');
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch(launchOptions());
}

/** A browser with an unpacked extension. */
export async function launchWithExtension(folder: string): Promise<BrowserContext & AsyncDisposable> {
  const { args, ...options } = launchOptions();
  const profile = temporaryFolder('profile');
  const context = await chromium.launchPersistentContext(profile, {
    ...options,
    // What Playwright calls headless is a browser that takes no extensions.
    headless: false,
    args: [...args, '--headless=new', `--disable-extensions-except=${folder}`, `--load-extension=${folder}`],
  });
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return Object.assign(context, { [Symbol.asyncDispose]: close });
}

function launchOptions(): { executablePath: string; args: string[]; timeout: number } {
  if (PROGRAM == null) throw new Error('Chromium is not installed');
  // Chromium's sandbox refuses root; in containers its shared memory is small.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return { executablePath: PROGRAM, args: [...args, '--disable-dev-shm-usage'], timeout: WAIT_TIMEOUT_MS };
}

export interface OpenOptions {
  width?: number;
  height?: number;
  scheme?: 'light' | 'dark';
  reducedMotion?: 'reduce' | 'no-preference';
  /** An IANA name. */
  timeZone?: string;
}

export interface OpenPage extends AsyncDisposable {
  page: Page;
  /** Errors of scripts, and what the page's policy refused. */
  complaints: string[];
}

/** A tab with a storage of its own. */
export async function openPage(browser: Browser, options: OpenOptions = {}): Promise<OpenPage> {
  const { width = 1280, height = 900, scheme = 'light', reducedMotion = 'no-preference' } = options;
  const context = await browser.newContext({
    ...(options.timeZone === undefined ? {} : { timezoneId: options.timeZone }),
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_TIMEOUT_MS);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('console', (message) => {
    // Answers that are no success are told by the browser itself; tests look at what the page makes of them.
    const isAnswer = /Failed to load resource/.test(message.text());
    if (message.type() === 'error' && !isAnswer) complaints.push(message.text());
  });
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}
