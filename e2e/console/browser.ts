/** A headless Chromium with a fresh profile, as a user's browser would be. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { ADMIN_PASSWORD } from '../harness/system';
import type { Target } from './target';

const CHROMIUM = process.env['CAIRN_CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Answers of the API that are part of a spec show as errors in the browser's console. */
const EXPECTED = /Failed to load resource: the server responded with a status of 4\d\d/;

/** One browser window on the console. */
export class ConsoleBrowser {
  /** Errors that the page reported: exceptions, console errors, refused content. */
  readonly complaints: string[] = [];
  /** The administrator's password as it is by now. */
  password: string;

  private constructor(
    private readonly profile: string,
    private readonly context: BrowserContext,
    readonly page: Page,
    readonly target: Target,
  ) {
    this.password = target.password;
  }

  static async open(target: Target): Promise<ConsoleBrowser> {
    const profile = mkdtempSync(join(tmpdir(), 'cairn-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      args: FLAGS,
      ignoreHTTPSErrors: true,
      viewport: { width: 1440, height: 900 },
      colorScheme: 'light',
    });
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    const browser = new ConsoleBrowser(profile, context, page, target);
    page.on('pageerror', (error) => browser.complaints.push(error.message));
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error' && !EXPECTED.test(text)) browser.complaints.push(text);
    });
    return browser;
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }

  async goTo(path: string): Promise<void> {
    await this.page.goto(new URL(path, this.target.url).href);
  }

  /** Logs in and, where a one-time password asks for it, chooses a lasting one. */
  async logIn(userName: string, password: string): Promise<void> {
    const { page } = this;
    await this.goTo('/');
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    await page.getByLabel('User name').fill(userName);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
    const first = page.getByRole('heading', { name: 'Choose your password' });
    const dashboard = page.getByRole('heading', { name: 'Dashboard' });
    await first.or(dashboard).waitFor();
    if (!(await first.isVisible())) return;
    await this.choosePassword(password, ADMIN_PASSWORD);
    if (userName === this.target.userName) this.password = ADMIN_PASSWORD;
  }

  async choosePassword(current: string, next: string): Promise<void> {
    const { page } = this;
    await page.getByLabel('One-time password').fill(current);
    await page.getByLabel(/^New password(?! again)/).fill(next);
    await page.getByLabel('New password again').fill(next);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
  }

  async logOut(): Promise<void> {
    const { page } = this;
    await page.locator('.top-bar .pf-v6-c-menu-toggle').click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
  }

  /** Serious and critical findings of axe on the present page, one line each. */
  async axeFindings(): Promise<readonly string[]> {
    const { violations } = await new AxeBuilder({ page: this.page })
      .exclude('.vnc-screen')
      .exclude('.xterm')
      .analyze();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.html}`),
      );
  }
}
