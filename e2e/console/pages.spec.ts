/** Every page, in light and dark: it loads without an error, and axe has no serious finding. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsoleBrowser } from './browser';
import { target } from './target';

const pages = [
  ['/', 'Dashboard'],
  ['/vms', 'Virtual machines'],
  ['/vms/create', 'Create a virtual machine'],
  ['/images', 'Images and ISOs'],
  ['/images?kind=isos', 'Images and ISOs'],
  ['/drives', 'Drives and pool'],
  ['/volumes', 'Volumes'],
  ['/nodes', 'Nodes'],
  ['/tasks', 'Tasks'],
  ['/users', 'Users'],
  ['/tokens', 'API tokens'],
  ['/sessions', 'Sessions'],
  ['/password', 'Change password'],
  ['/about', 'About'],
  ['/no/such/page', 'Not found'],
] as const;

describe.each(['light', 'dark'] as const)('in %s colours', (scheme) => {
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    browser = await ConsoleBrowser.open(target());
    await browser.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await browser.goTo('/');
    await browser.page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(await browser.axeFindings()).toEqual([]);
    await browser.logIn(browser.target.userName, browser.target.password);
  });
  afterAll(() => browser.close());

  it.each(pages)('%s has no serious finding', async (path, heading) => {
    await browser.goTo(path);
    await browser.page.getByRole('heading', { name: heading, level: 1 }).waitFor();
    await browser.page.waitForLoadState('load');
    await browser.page.locator('.loading-state').first().waitFor({ state: 'detached' });
    expect(await browser.axeFindings()).toEqual([]);
    expect(browser.complaints).toEqual([]);
  });

  it('opens the palette by keyboard and goes where it is told', async () => {
    const { page } = browser;
    await browser.goTo('/');
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search or jump to' }).fill('drives');
    expect(await browser.axeFindings()).toEqual([]);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Drives and pool' }).waitFor();
  });
});
