// The built web console: hashed assets are kept by browsers for ever, the page itself never, and
// every path of the console's own router gets the page.
import type { INestApplication } from '@nestjs/common';
import express, { type NextFunction, type Request, type Response } from 'express';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const YEAR_SECONDS = 365 * 24 * 3600;
const HASHED = /[.-][A-Za-z0-9_-]{8,}\.(?:js|css|woff2?|svg|png|jpg|map)$/;

function setCaching(response: Response, path: string): void {
  const value = HASHED.test(path) ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache';
  response.setHeader('Cache-Control', value);
}

/** Whether a request is a browser's wish for a page of the console. */
export function wantsPage(request: Request): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  if (/^\/(api|metrics|healthz|readyz)(\/|$)/.test(request.path)) return false;
  if (/\.[a-z0-9]{1,5}$/i.test(request.path)) return false;
  return request.accepts(['html', 'json']) === 'html';
}

/** Serves the console from `directory`, before the API's routes. */
export function serveConsole(app: INestApplication, directory: string): void {
  app.use(express.static(directory, { index: false, redirect: false, setHeaders: setCaching }));
  const page = join(directory, 'index.html');
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (!wantsPage(request) || !existsSync(page)) {
      next();
      return;
    }
    response.setHeader('Cache-Control', 'no-cache');
    response.sendFile(page);
  });
}
