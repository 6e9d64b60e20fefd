/**
 * The way of a new administrator through the console, against a real node: log in, change the
 * password, bring an image, create a VM, watch it boot on its screen and its serial port, stop it,
 * delete it.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsoleBrowser } from './browser';
import { target } from './target';

const takesPictures = process.env['CAIRN_SCREENSHOTS'] === '1';
const vmName = takesPictures ? 'first-vm' : `browser-${process.pid}`;
const visitor = `visitor-${process.pid}`;
const BOOT_MS = 90_000;

const IMAGES = join(__dirname, '../../docs/images');

describe('the way to a first VM', () => {
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    browser = await ConsoleBrowser.open(target());
  });
  afterAll(() => browser.close());

  const picture = async (name: string): Promise<void> => {
    if (!takesPictures) return;
    mkdirSync(IMAGES, { recursive: true });
    await browser.page.screenshot({ path: join(IMAGES, `${name}.png`) });
  };

  it('refuses a wrong password in words', async () => {
    const { page } = browser;
    await browser.goTo('/');
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'User name or password is wrong' }).waitFor();
  });

  it('logs in', async () => {
    const { userName, password } = browser.target;
    await browser.logIn(userName, password);
    await browser.page.getByRole('heading', { name: 'Memory' }).waitFor();
  });

  it('adds a user, whose one-time password must be changed at the first log-in', async () => {
    const { page } = browser;
    await browser.goTo('/users');
    await page.getByRole('button', { name: 'Add user' }).click();
    await page.getByRole('textbox', { name: 'User name' }).fill(visitor);
    await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
    const oneTime = await page.getByLabel('password', { exact: true }).inputValue();
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await browser.logOut();
    await browser.logIn(visitor, oneTime);
    await browser.logOut();
    await browser.logIn('admin', browser.password);
  });

  it('has a drive in the pool, or adds a file as one', async () => {
    const { page } = browser;
    await browser.goTo('/drives');
    const drives = page.getByRole('grid', { name: 'Drives in the pool' });
    const nothing = page.getByText('The pool has no drive yet');
    await drives.or(nothing).waitFor();
    if (await nothing.isVisible()) {
      await page.getByRole('button', { name: 'Use a file as a drive' }).click();
      await page.getByLabel('Size').fill('8 GiB');
      await page.getByRole('button', { name: 'Make and add' }).click();
    }
    await drives.waitFor();
  });

  it('builds the demo image', async () => {
    const { page } = browser;
    await browser.goTo('/images');
    const ready = page.getByRole('row', { name: /demo-tiny/ }).getByText('Ready');
    await page.getByRole('button', { name: 'Build demo image' }).first().waitFor();
    if (!(await ready.isVisible())) {
      await page.getByRole('button', { name: 'Build demo image' }).first().click();
      await page.getByRole('menuitem', { name: /Tiny/ }).click();
    }
    await ready.waitFor({ timeout: BOOT_MS });
  });

  it('creates a VM on one page and starts it', async () => {
    const { page } = browser;
    await browser.goTo('/vms/create');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill(vmName);
    await page.getByLabel('Tags').fill('demo browser');
    const image = page.getByRole('combobox', { name: 'Image', exact: true });
    const option = await image.locator('option', { hasText: 'demo-tiny' }).getAttribute('value');
    await image.selectOption(option ?? '');
    await page.getByLabel('vCPUs').fill('1');
    await page.getByLabel('Memory').fill('256 MiB');
    await page.getByText(/disk copied from demo-tiny/).waitFor();
    await page.getByRole('button', { name: 'Create and start' }).click();
    await page.getByRole('heading', { name: vmName }).waitFor();
    await page.locator('.page-header').getByText('Running').waitFor({ timeout: BOOT_MS });
  });

  it('paints the screen of the guest', async () => {
    const { page } = browser;
    await page.getByRole('tab', { name: 'Console' }).click();
    const canvas = page.getByTestId('vnc-screen').locator('canvas').first();
    await canvas.waitFor();
    await expect
      .poll(() => coloursOf(canvas), { timeout: BOOT_MS, interval: 500 })
      .toBeGreaterThan(1);
    await picture('console-vm');
  });

  it('shows what the guest says on its serial port, and passes on what is typed', async () => {
    const { page } = browser;
    await page.getByRole('tab', { name: 'Serial' }).click();
    const screen = page.getByTestId('serial-screen');
    await screen.click();
    await page.keyboard.press('Enter');
    await expect
      .poll(() => screen.locator('.xterm-accessibility').innerText(), {
        timeout: BOOT_MS,
        interval: 500,
      })
      .toMatch(/[a-z]{3}/i);
    const mark = `hello-${process.pid}`;
    await page.keyboard.type(`echo ${mark}`);
    await page.keyboard.press('Enter');
    await expect
      .poll(() => screen.locator('.xterm-accessibility').innerText(), { timeout: BOOT_MS })
      .toMatch(new RegExp(`${mark}[\\s\\S]*${mark}`));
  });

  it('draws live graphs', async () => {
    const { page } = browser;
    await page.getByRole('tab', { name: 'Overview' }).click();
    await page.getByRole('img', { name: /^CPU: / }).waitFor({ timeout: BOOT_MS });
    await browser.goTo('/');
    await page.getByRole('img', { name: /^Operations: / }).waitFor({ timeout: BOOT_MS });
    await page.waitForTimeout(takesPictures ? 30_000 : 0);
    await picture('console');
  });

  it('shows the plan before it cuts the power', async () => {
    const { page } = browser;
    await browser.goTo('/vms');
    const row = page.getByRole('row', { name: new RegExp(vmName) });
    await row.getByRole('button', { name: `Actions for ${vmName}` }).click();
    await page.getByRole('menuitem', { name: 'Power off' }).click();
    const dialog = page.getByRole('dialog', { name: new RegExp(`Power off ${vmName}`) });
    await dialog.getByText(vmName).first().waitFor();
    await dialog.getByRole('button', { name: 'Power off' }).click();
    await row.getByText('Stopped').waitFor({ timeout: BOOT_MS });
  });

  it('deletes the VM only after its name was typed', async () => {
    const { page } = browser;
    const row = page.getByRole('row', { name: new RegExp(vmName) });
    await row.getByRole('button', { name: `Actions for ${vmName}` }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog', { name: new RegExp(`Delete ${vmName}`) });
    await dialog.getByLabel(`Type ${vmName} to confirm`).fill(vmName);
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
    await row.waitFor({ state: 'detached', timeout: BOOT_MS });
  });

  it('deletes the user again', async () => {
    const { page } = browser;
    await browser.goTo('/users');
    await page.getByRole('button', { name: `Actions for ${visitor}` }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('row', { name: new RegExp(visitor) }).waitFor({ state: 'detached' });
  });

  it('met no error in the browser on the way', () => {
    expect(browser.complaints).toEqual([]);
  });
});

/** How many different colours a canvas has, up to a few: one is an empty screen. */
async function coloursOf(canvas: Locator): Promise<number> {
  return canvas.evaluate((element) => {
    if (!(element instanceof HTMLCanvasElement)) return 0;
    const { width, height } = element;
    const data = element.getContext('2d')?.getImageData(0, 0, width, height).data;
    if (!data) return 0;
    const seen = new Set<number>();
    for (let at = 0; at < data.length && seen.size < 8; at += 4) {
      seen.add(((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0));
    }
    return seen.size;
  });
}
