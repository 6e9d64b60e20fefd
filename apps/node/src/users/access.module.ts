// Users, their sessions and their API tokens: one module, because none makes sense alone.
import { Module } from '@nestjs/common';
import { ApiTokenAuthenticator } from '../api-tokens/api-token-authenticator';
import { ApiTokensController } from '../api-tokens/api-tokens.controller';
import { ApiTokensService } from '../api-tokens/api-tokens.service';
import { SessionAuthenticator } from '../sessions/session-authenticator';
import { SessionsController } from '../sessions/sessions.controller';
import { SessionsService } from '../sessions/sessions.service';
import { FirstAdministrator } from './first-administrator';
import { UsersController } from './users.controller';
import { UsersService } from './users.service';

@Module({
  controllers: [UsersController, SessionsController, ApiTokensController],
  providers: [
    UsersService,
    FirstAdministrator,
    SessionsService,
    SessionAuthenticator,
    ApiTokensService,
    ApiTokenAuthenticator,
  ],
  exports: [FirstAdministrator, SessionAuthenticator, ApiTokenAuthenticator, SessionsService],
})
export class AccessModule {}
