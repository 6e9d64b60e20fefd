import { Controller, Inject, Res } from '@nestjs/common';
import { SESSION_COOKIE, type CurrentSession, type Page, type Session } from '@cairn/contracts';
import type { CookieOptions, Response } from 'express';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { Input, Operation, type InputOf } from '../platform/operation';
import { Context, type RequestContext } from '../platform/request-context';
import { SessionsService, type LoggedIn } from './sessions.service';

@Controller()
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  @Operation('createSession')
  async create(
    @Input() input: InputOf<'createSession'>,
    @Context() context: RequestContext,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CurrentSession> {
    return this.#handOut(await this.sessions.logIn(input.body, context), response);
  }

  @Operation('listSessions')
  async list(
    @Input() input: InputOf<'listSessions'>,
    @Context() context: RequestContext,
  ): Promise<Page<Session>> {
    return this.sessions.list(input.query, context);
  }

  @Operation('getCurrentSession')
  async current(
    @Input() _input: InputOf<'getCurrentSession'>,
    @Context() context: RequestContext,
  ): Promise<CurrentSession> {
    return this.sessions.current(context);
  }

  @Operation('deleteCurrentSession')
  async logOut(
    @Input() _input: InputOf<'deleteCurrentSession'>,
    @Context() context: RequestContext,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    await this.sessions.logOut(context);
    response.clearCookie(SESSION_COOKIE, this.#cookieOptions());
  }

  @Operation('deleteSession')
  async end(
    @Input() input: InputOf<'deleteSession'>,
    @Context() context: RequestContext,
  ): Promise<void> {
    await this.sessions.end(input.params.sessionId, context);
  }

  @Operation('changePassword')
  async changePassword(
    @Input() input: InputOf<'changePassword'>,
    @Context() context: RequestContext,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CurrentSession> {
    return this.#handOut(await this.sessions.changePassword(input.body, context), response);
  }

  #handOut(loggedIn: LoggedIn, response: Response): CurrentSession {
    const options = { ...this.#cookieOptions(), expires: loggedIn.expiresAt };
    response.cookie(SESSION_COOKIE, loggedIn.cookieSecret, options);
    response.setHeader('Cache-Control', 'no-store');
    return loggedIn.body;
  }

  /** Plain HTTP is only served on loopback, where a Secure cookie would not come back. */
  #cookieOptions(): CookieOptions {
    return { httpOnly: true, secure: this.environment.tls !== null, sameSite: 'strict', path: '/' };
  }
}
